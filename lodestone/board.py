"""A board over the network: how it is, and its commands, each confirmed by what the board says afterwards."""

from __future__ import annotations

import contextlib
import difflib
import errno
import socket
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TypeVar

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from definitions.packets import messages_in
from errors import LodestoneError
from lodestone.board_messages import BoardKnob, BoardScene, Model, Refusal, Status

HERE = "127.0.0.1"
ADDRESSES, BY_NAME = ("192.168.7.2", "192.168.6.2", HERE), "bela.local"
"""Where a board may be: on the cable, `lodestone live` on this computer, else by its name."""
PORT = 7564
MODES = ("onboard", "host", "both")
AGAIN_S = 0.4
"""A packet may be lost: what has no effect is said again after this time; every command may be."""
REST_S = 8.0
"""A rest is captured for 3 s, and then glides."""
LOOK = "see `lodestone status`"
OLD = "flash this version with ./deploy.sh"
Row = TypeVar("Row", BoardKnob, BoardScene)


class BoardError(LodestoneError):
    """A board that does not answer, or does not do as it is told."""


class Board:
    """A connection to one board. Use as a context manager.

    Args:
        address: of the board; None asks the usual ones, of which the first that answers is taken.
        port: where it listens.
        patience_s: how long an answer is waited for.

    Raises:
        BoardError: nobody answers.
    """

    def __init__(self, address: str | None = None, port: int = PORT, patience_s: float = 2.0) -> None:
        self.patience_s = patience_s
        self.model: Model | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("", 0))
        # Names last: where nothing knows them, the system takes its time to say so.
        tried = ((address,),) if address else (ADDRESSES, (BY_NAME,))
        answered = next((found for each in tried if (found := self._first_of(_numbers(each), port))), None)
        if answered is not None:
            self._to, self.status = answered
            return
        self._socket.close()
        where = address or ", ".join((*ADDRESSES, BY_NAME))
        raise BoardError(f"a board at {where}", "no answer", "check the cable, and see `lodestone doctor`")

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.send("/bye", self._port)
        self._socket.close()

    def _first_of(self, addresses: list[str], port: int) -> tuple[tuple[str, int], Status] | None:
        """Of all that answer at once, the one that comes first; the others are let go."""
        until = time.monotonic() + self.patience_s
        while addresses and time.monotonic() < until:
            _ask(self._socket, addresses, port, encode("/hello", self._port))
            found: dict[str, Status] = {}
            models: dict[str, Model] = {}
            again = time.monotonic() + AGAIN_S
            while addresses[0] not in found and (left := again - time.monotonic()) > 0:
                sender, told = _heard(self._socket, left)
                for each in told:
                    if (status := Status.parse(each)) is not None:
                        found[sender] = status
                    if (model := Model.parse(each)) is not None:
                        models[sender] = model
            answered = [address for address in addresses if address in found]
            if answered:
                _ask(self._socket, answered[1:], port, encode("/bye", self._port))
                self.model = models.get(answered[0])
                return (answered[0], port), found[answered[0]]
        return None

    @property
    def address(self) -> str:
        """Of the board, numeric."""
        return self._to[0]

    @property
    def _port(self) -> int:
        return int(self._socket.getsockname()[1])

    def send(self, address: str, *values: str | int | float) -> None:
        """Sends one message; without a way there it is lost, as on a link that is unplugged."""
        try:
            self._socket.sendto(encode(address, *values), self._to)
        except OSError as error:
            if error.errno not in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN):
                raise

    def hear(self, seconds: float) -> Iterable[OscMessage]:
        """The board's messages for so long; status and model are kept as well."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(2048)
            except OSError:
                continue
            for message in messages_in(data) or []:
                self.model = Model.parse(message) or self.model
                if (status := Status.parse(message)) is not None:
                    self.status = status
                yield message

    def wait(self, done: Callable[[Status], bool], patience_s: float | None = None) -> Status | None:
        """The next status for which `done` holds, or None when patience is over."""
        for message in self.hear(self.patience_s if patience_s is None else patience_s):
            status = Status.parse(message)
            if status is not None and done(status):
                return status
        return None

    def mode(self, mode: str) -> Status:
        """Asks for a mode: onboard, host or both."""
        if mode not in MODES:
            raise BoardError("onboard, host or both", repr(mode), nearest(mode, MODES))
        return self._command(f"mode {mode}", lambda s: s.asked == mode, "/mode", mode)

    def scene(self, scene: int | str, seconds: float | None = None) -> Status:
        """Asks for a scene, by its number from 0 or by its name, and waits until it plays.

        `seconds` is how long the way there takes, 0 to 30; as the scene's settings have it where None.
        """
        if isinstance(scene, str):
            known = {row.name: row.number for row in self.scenes()}
            if scene not in known:
                raise BoardError(f"one of the scenes {', '.join(known)}", repr(scene), nearest(scene, known))
            scene = known[scene]
        number = scene
        way = () if seconds is None else (float(seconds),)
        return self._command(f"scene {number}", lambda s: s.scene == number, "/scene", number, *way)

    def mute(self, muted: bool) -> Status:
        """Silences the board, or lets it sound again."""
        return self._command("mute", lambda s: s.muted == muted, "/mute", int(muted))

    def scenes(self) -> list[BoardScene]:
        """The scenes of the board, in their order."""
        return self._rows(BoardScene)

    def knobs(self) -> list[BoardKnob]:
        """The knobs of the touch that plays."""
        return self._rows(BoardKnob)

    def knob(self, name: str, value: float) -> BoardKnob:
        """Turns a knob of the touch, which the board keeps in its range; what it then stands at."""
        known = {knob.name: knob for knob in self.knobs()}
        if name not in known:
            raise BoardError(f"one of the knobs {', '.join(known)}", repr(name), nearest(name, known))
        wanted = min(max(value, known[name].least), known[name].most)
        for _ in range(self._tries):
            self.send(f"/knob/{name}", float(value))
            for message in self.hear(AGAIN_S):
                told = BoardKnob.parse(message)
                if told is not None and told.name == name and abs(told.value - wanted) <= 1e-6 * abs(wanted):
                    return told
        raise BoardError(f"knob {name} at {value:g}", "no word of it from the board", LOOK)

    def rest(self) -> Status:
        """Takes the board as it stands as empty, and waits until that is kept.

        Raises:
            BoardError: something moved meanwhile, and the board goes by its old rest.
        """
        refused = self._command("rest", lambda s: s.resting == 1, "/rest").refused
        status = self.wait(lambda s: s.resting == 0, REST_S)
        if status is None:
            raise BoardError("a rest within 8 s", "the board is still at it", LOOK)
        if status.refused > refused and status.refusal.startswith("/rest: "):
            got, _, do = status.refusal.partition(", got ")[2].partition(": ")
            raise BoardError("a board that stands still for 3 s", got or status.refusal, do or LOOK)
        return status

    @property
    def _tries(self) -> int:
        return max(1, round(self.patience_s / AGAIN_S))

    def _rows(self, kind: type[Row]) -> list[Row]:
        """The board's answer to a question: as many rows as each says there are."""
        found: dict[int, Row] = {}
        for _ in range(self._tries):
            self.send(kind.ADDRESS)
            for message in self.hear(AGAIN_S):
                row = kind.parse(message)
                if row is not None:
                    found[row.number] = row
                    if len(found) >= row.of:
                        return [found[number] for number in sorted(found)]
                elif (refusal := Refusal.parse(message)) and refusal.address == kind.ADDRESS:
                    raise BoardError(f"an answer to {kind.ADDRESS}", refusal.reason, LOOK)
        got = f"none from firmware {self.status.version}"
        raise BoardError(f"an answer to {kind.ADDRESS}", got, OLD)

    def _insist(
        self, done: Callable[[Status], bool], address: str, *values: str | int | float
    ) -> Status | None:
        """Says it again until `done`; a refusal ends it, unless it is done all the same."""
        until = time.monotonic() + self.patience_s
        self.refusal = ""
        while (left := until - time.monotonic()) > 0 and not self.refusal:
            self.send(address, *values)
            for message in self.hear(min(left, AGAIN_S)):
                status, refused = Status.parse(message), Refusal.parse(message)
                if refused is not None and refused.address == address:
                    self.refusal = refused.reason
                if status is not None and done(status):
                    return status
        return None

    def _command(
        self, what: str, done: Callable[[Status], bool], address: str, *values: str | int | float
    ) -> Status:
        if done(self.status):
            return self.status
        status = self._insist(done, address, *values)
        if status is None:
            why = self.refusal or self.status.trouble or "it stayed as it was"
            raise BoardError(what, why, LOOK)
        return status


def encode(address: str, *values: str | int | float) -> bytes:
    """One message as a packet. Raises BoardError where OSC has no such value: a float beyond 32 bits, …"""
    builder = OscMessageBuilder(address)
    try:
        for value in values:
            builder.add_arg(value)
        return bytes(builder.build().dgram)
    except (BuildError, OverflowError) as error:
        raise BoardError("values that OSC carries", str(error), "give one of a sane size") from None


def nearest(wrong: str, right: Iterable[str]) -> str:
    """What to do about a name that there is not."""
    close = difflib.get_close_matches(wrong, list(right), 1, 0.4)
    return f"did you mean {close[0]}?" if close else "name one of them"


def find(addresses: Iterable[str] = (), port: int = PORT, seconds: float = 1.0) -> dict[str, Status]:
    """Every board that answers within `seconds`: at the given addresses, else the usual ones and on the link.

    The link is asked by broadcast; a board answers only where its settings allow.
    """
    asked = list(addresses) or [*ADDRESSES, BY_NAME, "192.168.7.255", "192.168.6.255", "255.255.255.255"]
    found: dict[str, Status] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        link.bind(("", 0))
        own = int(link.getsockname()[1])
        until = time.monotonic() + seconds
        again = 0.0
        while (now := time.monotonic()) < until:
            if now >= again:
                again = now + AGAIN_S
                _ask(link, asked, port, encode("/hello", own))
            sender, told = _heard(link, max(min(again, until) - now, 1e-3))
            for each in told:
                if (status := Status.parse(each)) is not None:
                    found[sender] = status
        _ask(link, found, port, encode("/bye", own))
    return found


def _numbers(names: Iterable[str]) -> list[str]:
    """The numeric addresses of those names that have one, each once."""
    numbers: dict[str, None] = {}
    for name in names:
        with contextlib.suppress(OSError, UnicodeError):  # UnicodeError: no name that a network knows
            numbers[socket.gethostbyname(name)] = None
    return list(numbers)


def _heard(link: socket.socket, seconds: float) -> tuple[str, list[OscMessage]]:
    """Who sent the next packet, and its messages; none where none comes in that time."""
    link.settimeout(seconds)
    try:
        data, sender = link.recvfrom(2048)
    except OSError:
        return "", []
    return sender[0], messages_in(data) or []


def _ask(link: socket.socket, addresses: Iterable[str], port: int, packet: bytes) -> None:
    for address in addresses:
        try:
            link.sendto(packet, (address, port))
        except OSError:
            continue  # no way there
