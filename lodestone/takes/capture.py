"""Keeps what a board says: field, latents, knobs, scenes, and how it is, each with its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from lodestone.takes.take_file import Event, TakeWriter
from sensors.buses.osc_link import osc_messages, port_message

ASK_S = 1.0
LEFT_OUT = (b"/mag", b"/sim/place", b"/plan")
"""Said by /field as well, or of no use later."""


class Link(Protocol):
    """Packets to and from the board: a `sensors.buses.osc_link.UdpLink`."""

    port: int

    def send(self, data: bytes) -> None:
        """One datagram to the board."""

    def receive(self) -> bytes | None:
        """The next that came, if any."""


class Capture:
    """One recording of a board.

    Args:
        link: to the board.
        writer: of the take.
        clock: seconds.

    Attributes:
        count: messages by address.
    """

    def __init__(
        self,
        link: Link,
        writer: TakeWriter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._link, self._writer, self._clock = link, writer, clock
        self._began_s: float | None = None
        self._asked_s = float("-inf")
        self.count: dict[str, int] = {}

    @property
    def seconds(self) -> float:
        """Since the first message."""
        return 0.0 if self._began_s is None else self._clock() - self._began_s

    def step(self) -> None:
        """Asks where that is due, and takes the next packet or a short silence."""
        now = self._clock()
        if now - self._asked_s >= ASK_S:
            first = self._asked_s == float("-inf")
            self._asked_s = now
            if first:
                self._ask()
            self._link.send(port_message("/measure", self._link.port))
        data = self._link.receive()
        if data is not None and not data.startswith(LEFT_OUT):
            self._take(data)

    def _ask(self) -> None:
        from lodestone.board import encode

        self._link.send(port_message("/hello", self._link.port))
        for question in ("/scenes", "/knobs"):
            self._link.send(encode(question))

    def _take(self, data: bytes) -> None:
        now = self._clock()
        self._began_s = now if self._began_s is None else self._began_s
        for address, values in osc_messages(data) or ():
            self._writer.add(Event(now - self._began_s, address, tuple(_plain(value) for value in values)))
            self.count[address] = self.count.get(address, 0) + 1


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value
