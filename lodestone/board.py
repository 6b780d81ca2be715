"""A board over the network: its status, and the commands that docs/osc.md lists."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

from errors import LodestoneError

ADDRESSES = ("192.168.7.2", "192.168.6.2", "bela.local")
PORT = 7564
STATUS_FIELDS = 19
AGAIN_S = 0.4
"""A packet may be lost: what has no effect is said again after this time; every command may be."""


class BoardError(LodestoneError):
    """A board that does not answer, or does not do as it is told."""


@dataclass(frozen=True)
class Status:
    """What `/status` tells; see docs/osc.md."""

    asked: str
    sounding: str
    scene: int
    scene_name: str
    voice_load: float
    touch_load: float
    underruns: int
    frames_per_second: float
    sensor_flags: tuple[int, ...]
    temperature_c: float
    muted: bool
    uptime_s: float
    version: str
    trouble: str
    rung: int
    rung_why: str

    @staticmethod
    def parse(message: OscMessage) -> Status | None:
        """The status in a message, or None where it is another message."""
        p = message.params
        if message.address != "/status" or len(p) != STATUS_FIELDS:
            return None
        fields = [*p[:8], tuple(p[8:12]), p[12], bool(p[13]), *p[14:]]
        return Status(*fields)


@dataclass(frozen=True)
class Model:
    """What `/model` tells."""

    latents: int
    voice: str
    touch: str
    sample_rate: int
    hop: int
    channels: int
    delay_samples: int


class Board:
    """A connection to one board. Use as a context manager.

    Args:
        address: of the board; None tries the usual ones until one answers.
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
        for candidate in (address,) if address else ADDRESSES:
            try:
                self._to = (socket.gethostbyname(candidate), port)
            except OSError:
                continue
            status = self._hello()
            if status is not None:
                self.status = status
                return
        self._socket.close()
        tried = address or ", ".join(ADDRESSES)
        raise BoardError(f"a board at {tried}", "no answer", "check the cable, and `./deploy.sh --status`")

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def send(self, address: str, *values: str | int | float) -> None:
        """Sends one message."""
        builder = OscMessageBuilder(address)
        for value in values:
            builder.add_arg(value)
        self._socket.sendto(builder.build().dgram, self._to)

    def wait(self, done: Callable[[Status], bool], patience_s: float | None = None) -> Status | None:
        """The next status for which `done` holds, or None when patience is over."""
        until = time.monotonic() + (self.patience_s if patience_s is None else patience_s)
        while (left := until - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                message = OscMessage(self._socket.recv(2048))
            except (OSError, ParseError):
                continue
            if message.address == "/model" and len(message.params) == 7:
                self.model = Model(*message.params)
            status = Status.parse(message)
            if status is not None:
                self.status = status
                if done(status):
                    return status
        return None

    def mode(self, mode: str) -> Status:
        """Asks for a mode: onboard, host or both."""
        return self._command(f"mode {mode}", lambda s: s.asked == mode, "/mode", mode)

    def scene(self, scene: int) -> Status:
        """Asks for a scene and waits until it plays."""
        return self._command(f"scene {scene}", lambda s: s.scene == scene, "/scene", scene)

    def mute(self, muted: bool) -> Status:
        """Silences the board, or lets it sound again."""
        return self._command("mute", lambda s: s.muted == muted, "/mute", int(muted))

    def knob(self, name: str, value: float) -> None:
        """Turns a knob of the touch; the board keeps it in its range."""
        self.send(f"/knob/{name}", float(value))

    def rest(self) -> None:
        """Takes the board as it stands as empty."""
        self.send("/rest")

    def _hello(self) -> Status | None:
        return self._insist(lambda _: True, "/hello", self._socket.getsockname()[1])

    def _insist(
        self, done: Callable[[Status], bool], address: str, *values: str | int | float
    ) -> Status | None:
        until = time.monotonic() + self.patience_s
        while (left := until - time.monotonic()) > 0:
            self.send(address, *values)
            status = self.wait(done, min(left, AGAIN_S))
            if status is not None:
                return status
        return None

    def _command(
        self, what: str, done: Callable[[Status], bool], address: str, *values: str | int | float
    ) -> Status:
        if done(self.status):
            return self.status
        status = self._insist(done, address, *values)
        if status is None:
            why = self.status.trouble or "it stayed as it was"
            raise BoardError(what, why, "see `lodestone status`")
        return status
