"""A page's line to one board: UDP on this side, blocks of packets on that."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import cast

from sensors.buses.osc_link import port_message

LONGEST_PACKET = 1472
"""Bytes that the board reads of one packet: one Ethernet frame."""
MOST_WAITING = 2000
"""Packets kept for a page that is slow, five seconds of touches; older ones are of no use."""
HELLO_EVERY_S = 1.0
UNWANTED = (b"/mag\0", b"/field\0")
"""Eight packets a frame that the page does not look at."""


class BoardLine(asyncio.DatagramProtocol):
    """Packets of one board for one page. The board is greeted until it answers, and again and again.

    Args:
        board: its numeric address and port; packets of others are not seen.
    """

    def __init__(self, board: tuple[str, int]) -> None:
        self.board = board
        self.lost = 0
        self.heard_at: float | None = None
        self._waiting: deque[bytes] = deque(maxlen=MOST_WAITING)
        self._transport: asyncio.DatagramTransport | None = None
        self._greeting: asyncio.Task[None] | None = None
        self.on_silence: Callable[[], None] = lambda: None

    @classmethod
    async def open(cls, board: tuple[str, int]) -> BoardLine:
        """A line that greets from now on."""
        loop = asyncio.get_running_loop()
        _, line = await loop.create_datagram_endpoint(lambda: cls(board), local_addr=("0.0.0.0", 0))
        line._greeting = asyncio.create_task(line._greet())
        return line

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Part of asyncio.DatagramProtocol."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Part of asyncio.DatagramProtocol."""
        if addr[0] != self.board[0] or data.startswith(UNWANTED):
            return
        self.heard_at = asyncio.get_running_loop().time()
        if len(self._waiting) == MOST_WAITING:
            self.lost += 1
        self._waiting.append(data)

    def error_received(self, exc: Exception) -> None:
        """A board that is not there: it is greeted again."""

    def send(self, packet: bytes) -> None:
        """One packet to the board; what no board would read is not sent."""
        if self._transport is None or not 0 < len(packet) <= LONGEST_PACKET:
            return
        with contextlib.suppress(OSError):
            self._transport.sendto(packet, self.board)

    def take(self) -> list[bytes]:
        """What has come since the last call."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken

    @property
    def silent(self) -> bool:
        """Nothing came for two greetings."""
        now = asyncio.get_running_loop().time()
        return self.heard_at is None or now - self.heard_at > 2 * HELLO_EVERY_S

    def close(self) -> None:
        """Tells the board that nobody listens here any more."""
        if self._greeting is not None:
            self._greeting.cancel()
        if self._transport is not None:
            self.send(port_message("/bye", self._port()))
            self._transport.close()

    def _port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    async def _greet(self) -> None:
        while True:
            self.send(port_message("/hello", self._port()))
            await asyncio.sleep(HELLO_EVERY_S)
            if self.silent:
                self.on_silence()
