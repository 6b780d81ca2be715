"""A board that says what a test tells it to: answers /hello, sends latents 200 times a second."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from pythonosc.osc_message import OscMessage

from tests.support.messages import message

FRAME_S = 0.005
STATUS_S = 0.5


class ToldBoard:
    """Over real UDP, from one thread. Use as a context manager."""

    def __init__(self, latents: int, voice: str, hop: int, rate: int = 44100) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.port = int(self._socket.getsockname()[1])
        self._model = message("/model", latents, voice, "touch", rate, hop, 1, 0)
        self._guests: set[tuple[str, int]] = set()
        self._asked = "onboard"
        self._told_s = 0.0
        self.heard: set[str] = set()

    def __enter__(self) -> ToldBoard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def wait_for(self, address: str, seconds: float) -> None:
        """Until somebody has said it."""
        until = time.monotonic() + seconds
        while address not in self.heard:
            assert time.monotonic() < until, f"nobody said {address}"
            self._hear()
            time.sleep(0.005)

    def run(self, seconds: float, latents: Callable[[], Sequence[float]]) -> None:
        """Plays for so long: the first vector at once, one every 5 ms."""
        due = time.monotonic()
        until = due + seconds
        while due < until:
            self._tell(message("/latent", *[float(value) for value in latents()]))
            self._hear()
            if due - self._told_s > STATUS_S:
                self._told_s = due
                self._status()
            due += FRAME_S
            time.sleep(max(due - time.monotonic(), 0.0))

    def _hear(self) -> None:
        while True:
            try:
                data, sender = self._socket.recvfrom(2048)
            except OSError:
                return
            heard = OscMessage(data)
            self.heard.add(heard.address)
            if heard.address == "/hello":
                self._guests.add((sender[0], int(heard.params[0])))
                self._tell(self._model)
                self._status()
            elif heard.address == "/bye":
                self._guests.discard((sender[0], int(heard.params[0])))
            elif heard.address == "/mode":
                self._asked = heard.params[0]
                self._status()

    def _status(self) -> None:
        values: list[Any] = [self._asked, self._asked, 0, "wire", 0.1, 0.1, 0, 200.0, 0, 0, 0, 0, 25.0, 0]
        values += [1.0, "0.2", "", 0, "", 0, "", 0, 0, 0, 0.0]
        self._tell(message("/status", *values))

    def _tell(self, packet: bytes) -> None:
        for guest in self._guests:
            self._socket.sendto(packet, guest)
