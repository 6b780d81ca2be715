"""A lesson over OSC: `/snapshot/…` as definitions/osc.toml has it, answered by `/snapshot/told`."""

from __future__ import annotations

import contextlib
import math
import socket
import threading
from types import TracebackType

from pythonosc.osc_message import OscMessage

from definitions.osc import command
from definitions.packets import messages_in
from lodestone.board import encode
from lodestone.teach_desk import TeachDesk, obeyed
from lodestone.teaching import TeachingError

PREFIX, TOLD = "/snapshot/", "/snapshot/told"
LISTENS_S = 0.2


class SnapshotLink:
    """Obeys the packets that come to a port of this computer. Use as a context manager.

    Args:
        desk: of the lesson.
        port: where it listens; 0 takes a free one.

    Raises:
        TeachingError: the port is taken.
    """

    def __init__(self, desk: TeachDesk, port: int) -> None:
        self._desk = desk
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind(("127.0.0.1", port))
        except OSError as error:
            self._socket.close()
            raise TeachingError(f"port {port} for /snapshot/…", str(error), "choose another --osc") from None
        self._socket.settimeout(LISTENS_S)
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._socket.getsockname()[1])

    def __enter__(self) -> SnapshotLink:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join()
        self._socket.close()

    def _listen(self) -> None:
        while not self._ends.is_set():
            try:
                data, sender = self._socket.recvfrom(2048)
            except OSError:
                continue
            for message in messages_in(data) or []:
                for told in obeyed(self._desk, line) if (line := wish(message)) else [refused(message)]:
                    with contextlib.suppress(OSError):  # whoever asked has gone
                        self._socket.sendto(encode(TOLD, told), sender)


def wish(message: OscMessage) -> str:
    """The line that a message says; empty where it is none of the table, or out of range."""
    row = command(message.address, "teaching")
    if row is None or len(message.params) < len(row.fields):
        return ""
    words = [message.address.removeprefix(PREFIX)]
    for field, value in zip(row.fields, message.params, strict=False):
        number = isinstance(value, int | float)
        low = number and not value >= (-math.inf if field.least is None else field.least)  # NaN, too
        high = number and not value <= (math.inf if field.most is None else field.most)
        if not field.fits(value) or low or high or (isinstance(value, str) and not value.isalpha()):
            return ""
        words.append(str(value))
    return " ".join(words)


def refused(message: OscMessage) -> str:
    """Why it was not obeyed, in one line."""
    row = command(message.address, "teaching")
    if row is None:
        return f"wanted a message of {PREFIX}, got {message.address[:60]}: see docs/osc.md"
    wanted = ", ".join(f"{field.kinds} {field.name}" for field in row.fields)
    return f"wanted {wanted} within their ranges for {row.address}, got {message.params}: see docs/osc.md"
