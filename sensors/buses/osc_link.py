"""Packets to and from one board: over UDP, or whatever else carries them in a test."""

from __future__ import annotations

import contextlib
import queue
import socket
import struct
import threading
from typing import Any, Protocol

from definitions.packets import messages_in
from sensors.errors import SensorError

SILENCE_S = 0.05
HELD_PACKETS = 8000
"""So many may wait for a reader that is busy, which is some ten seconds; what comes after them is lost."""


class OscLink(Protocol):
    """Datagrams of one board. `port` is where it shall answer."""

    port: int

    def send(self, data: bytes) -> None:
        """To the board. Raises SensorError where there is no way to it."""
        ...

    def receive(self) -> bytes | None:
        """The board's next packet; None when none came for SILENCE_S."""
        ...

    def close(self) -> None:
        """Nothing more is sent or received."""
        ...


class UdpLink:
    """An `OscLink` over UDP; packets of others than the board are not seen.

    A thread takes them from the system, which keeps less than a second of them: who draws or fits between
    two calls of `receive` loses nothing.

    Args:
        board: numeric address.
        listen_port: UDP port here; 0 takes any that is free.
        board_port: where the board listens.

    Raises:
        SensorError: the port is taken.
    """

    def __init__(self, board: str, listen_port: int, board_port: int) -> None:
        self._board, self._board_port = board, board_port
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.settimeout(SILENCE_S)
        try:
            self._socket.bind(("", listen_port))
        except OSError as error:
            self._socket.close()
            got = error.strerror or str(error)
            raise SensorError(f"UDP port {listen_port}", got, "close what listens there") from None
        self.port: int = self._socket.getsockname()[1]
        self._came: queue.Queue[bytes] = queue.Queue(HELD_PACKETS)
        self._closed = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="osc-link", daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                data, sender = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            except OSError:  # nobody listens at the board's port: its answer comes as a refusal
                self._closed.wait(SILENCE_S)
                continue
            if sender[0] == self._board:
                with contextlib.suppress(queue.Full):
                    self._came.put_nowait(data)

    def send(self, data: bytes) -> None:
        """One packet."""
        try:
            self._socket.sendto(data, (self._board, self._board_port))
        except OSError as error:
            got = error.strerror or str(error)
            do = "check the address and the cable"
            raise SensorError(f"a way to the board {self._board}", got, do) from None

    def receive(self) -> bytes | None:
        """The next packet of the board."""
        try:
            return self._came.get(timeout=SILENCE_S)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Frees the port."""
        self._closed.set()
        self._listener.join()
        self._socket.close()


def port_message(address: str, port: int) -> bytes:
    """A message that carries one number, as /hello and /measure do."""
    name = address.encode() + b"\0" * (4 - len(address) % 4)
    return name + b",i\0\0" + struct.pack(">i", port)


def osc_messages(data: bytes) -> list[tuple[str, list[Any]]] | None:
    """Addresses and arguments of a packet; None when it is none."""
    messages = messages_in(data)
    return None if messages is None else [(each.address, list(each.params)) for each in messages]
