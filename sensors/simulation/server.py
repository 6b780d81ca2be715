"""The simulated board behind a Unix socket, for the firmware as a process (docs/simulator-protocol.md)."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sensors.errors import SensorError
from sensors.simulation.simulated_board import SimulatedBoard

REQUEST = struct.Struct("<BQI")
ANSWER = struct.Struct("<BII")
I2C_TRANSFER, I2C_RECOVER, DATAGRAM_OUT, DATAGRAM_IN, AUDIO, DIGITAL_IN, DIGITAL_OUT, BYE = range(1, 9)
REFUSED = 255
MAX_PAYLOAD = 1 << 20


class Outside(Protocol):
    """What surrounds the board besides magnets: network, audio, button, LED. Times are simulated µs."""

    def datagram_out(self, now_us: int, data: bytes) -> None:
        """The board sends one UDP payload."""
        ...

    def datagram_in(self, now_us: int) -> bytes | None:
        """One UDP payload that has arrived by `now_us`, or None."""
        ...

    def audio(self, now_us: int, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Takes the interleaved output block that begins at `now_us`; gives the input block for the next."""
        ...

    def digital_in(self, now_us: int) -> int:
        """Levels of the input pins, a bit each."""
        ...

    def digital_out(self, now_us: int, levels: int) -> None:
        """The board sets its output pins."""
        ...


class QuietOutside:
    """Sends nothing, keeps what the board sends.

    Attributes:
        datagrams: (µs, payload) of everything sent.
        blocks: output audio blocks in order.
        levels: (µs, pins) of every change of the outputs.
    """

    def __init__(self) -> None:
        self.datagrams: list[tuple[int, bytes]] = []
        self.blocks: list[NDArray[np.float32]] = []
        self.levels: list[tuple[int, int]] = []

    def datagram_out(self, now_us: int, data: bytes) -> None:
        """Keeps it."""
        self.datagrams.append((now_us, data))

    def datagram_in(self, now_us: int) -> bytes | None:
        """Nothing ever arrives."""
        return None

    def audio(self, now_us: int, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Keeps the block; silence comes in."""
        self.blocks.append(block)
        return np.zeros_like(block)

    def digital_in(self, now_us: int) -> int:
        """No pin is high."""
        return 0

    def digital_out(self, now_us: int, levels: int) -> None:
        """Keeps it."""
        self.levels.append((now_us, levels))


class BoardServer:
    """Serves one simulated board to one firmware process after another, in a thread of its own.

    Use as a context manager; leaving it closes the socket and waits for the thread. An exception in the
    `Outside` ends the connection and is raised again on leaving.

    Args:
        board: what answers on the bus.
        path: of the Unix socket; must not exist.
        outside: handles network, audio and pins.
    """

    def __init__(self, board: SimulatedBoard, path: str | Path, outside: Outside | None = None) -> None:
        self.board = board
        self.path = Path(path)
        self.outside: Outside = outside or QuietOutside()
        self.error: Exception | None = None
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(str(self.path))
        except OSError as error:
            self._listener.close()
            raise SensorError(
                f"a free path for a socket at {self.path}", str(error), "choose another"
            ) from None
        self._listener.listen(1)
        self._connection: socket.socket | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="simulated-board", daemon=True)

    def __enter__(self) -> BoardServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        for end in (self._listener, self._connection):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
        self._thread.join()
        self.path.unlink(missing_ok=True)
        if self.error is not None and error is None:
            raise self.error

    def handle(self, kind: int, now_us: int, payload: bytes) -> tuple[int, int, bytes]:
        """Answers one request: status, duration in µs, payload."""
        outside = self.outside
        if kind == I2C_TRANSFER and len(payload) >= 3:
            address, read_bytes = struct.unpack_from("<BH", payload)
            return self.board.transfer_at(now_us, address, payload[3:], read_bytes)
        if kind == I2C_RECOVER:
            return self.board.recover_at(now_us)
        if kind == DATAGRAM_OUT:
            outside.datagram_out(now_us, payload)
            return 0, 0, b""
        if kind == DATAGRAM_IN:
            return 0, 0, outside.datagram_in(now_us) or b""
        if kind == AUDIO and len(payload) % 4 == 0:
            block = np.frombuffer(payload, dtype="<f4")
            return 0, 0, np.asarray(outside.audio(now_us, block), dtype="<f4").tobytes()
        if kind == DIGITAL_IN:
            return 0, 0, bytes([outside.digital_in(now_us) & 0xFF])
        if kind == DIGITAL_OUT and len(payload) == 1:
            outside.digital_out(now_us, payload[0])
            return 0, 0, b""
        return (0 if kind == BYE else REFUSED), 0, b""

    def _serve(self) -> None:
        while not self._closing:
            try:
                self._connection, _ = self._listener.accept()
            except OSError:
                return
            try:
                self._talk(self._connection)
            except OSError:
                pass  # the firmware went away in mid-sentence: wait for the next
            except Exception as error:
                self.error = error
            finally:
                self._connection.close()

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb", buffering=1 << 16) as stream:
            while True:
                head = stream.read(REQUEST.size)
                if len(head) < REQUEST.size:
                    return
                kind, now_us, size = REQUEST.unpack(head)
                if size > MAX_PAYLOAD:
                    return
                status, duration_us, answer = self.handle(kind, now_us, stream.read(size))
                connection.sendall(ANSWER.pack(status, duration_us, len(answer)) + answer)
                if kind == BYE:
                    return
