"""The socket protocol, byte by byte, with a client that knows only docs/simulator-protocol.md."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import numpy as np
import pytest

from sensors import SensorError
from sensors.simulation import BoardServer, QuietOutside, SimulatedBoard


class Client:
    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(5.0)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rb")

    def ask(self, kind: int, now_us: int, payload: bytes = b"") -> tuple[int, int, bytes]:
        self.socket.sendall(struct.pack("<BQI", kind, now_us, len(payload)) + payload)
        status, duration, size = struct.unpack("<BII", self.stream.read(9))
        return status, duration, self.stream.read(size)

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


def i2c(address: int, write: bytes, read_bytes: int) -> bytes:
    return struct.pack("<BH", address, read_bytes) + write


@pytest.fixture
def board() -> SimulatedBoard:
    return SimulatedBoard("empty", seed=1, noise_ut=0.0)


def test_i2c_over_the_socket(tmp_path: Path, board: SimulatedBoard) -> None:
    with BoardServer(board, tmp_path / "bus"):
        client = Client(tmp_path / "bus")
        assert client.ask(1, 1000, i2c(0x0C, b"\x50\x90", 3)) == (
            0,
            168,
            b"\x04" + board.chips[0].tref.to_bytes(2, "big"),
        )
        assert client.ask(1, 1168, i2c(0x0C, b"\x3e", 1)) == (0, 100, b"\x23")
        assert client.ask(1, 1300, i2c(0x0C, b"\x4e", 7)) == (0, 235, b"\x32" + b"\xff" * 6)
        status, duration, answer = client.ask(1, 9000, i2c(0x0C, b"\x4e", 7))
        assert (status, duration, answer[0]) == (0, 235, 0x02)
        assert client.ask(1, 9235, i2c(0x11, b"\x3e", 1)) == (1, 30, b"")
        board.bus.stuck = True
        assert client.ask(1, 9300, i2c(0x0C, b"\x3e", 1)) == (3, 1000000, b"")  # the kernel's own second
        assert client.ask(2, 20000) == (0, 50, b"")
        assert client.ask(1, 21000, i2c(0x0C, b"\x3e", 1))[0] == 0
        assert client.ask(8, 22000) == (0, 0, b"")
        client.close()


def test_the_outside_over_the_socket(tmp_path: Path, board: SimulatedBoard) -> None:
    class Outside(QuietOutside):
        def datagram_in(self, now_us: int) -> bytes | None:
            return b"/mode" if now_us >= 500 else None

        def digital_in(self, now_us: int) -> int:
            return 5

        def audio(self, now_us: int, block: np.ndarray) -> np.ndarray:
            return block * 2

    outside = Outside()
    with BoardServer(board, tmp_path / "bus", outside):
        client = Client(tmp_path / "bus")
        assert client.ask(3, 10, b"/touch") == (0, 0, b"")
        assert client.ask(4, 499) == (0, 0, b"")
        assert client.ask(4, 500) == (0, 0, b"/mode")
        block = np.array([0.25, -0.5], dtype="<f4")
        assert client.ask(5, 600, block.tobytes()) == (0, 0, (block * 2).tobytes())
        assert client.ask(6, 700) == (0, 0, b"\x05")
        assert client.ask(7, 800, b"\x03") == (0, 0, b"")
        assert client.ask(99, 900)[0] == 255
        assert client.ask(1, 900, b"\x0c")[0] == 255
        client.close()
        again = Client(tmp_path / "bus")
        assert again.ask(6, 1000)[0] == 0
        again.close()
    assert outside.datagrams == [(10, b"/touch")]
    assert outside.levels == [(800, 3)]
    assert not (tmp_path / "bus").exists()


def test_a_mistake_in_the_outside_is_raised_on_leaving(tmp_path: Path, board: SimulatedBoard) -> None:
    class Wrong(QuietOutside):
        def digital_in(self, now_us: int) -> int:
            raise ZeroDivisionError

    server = BoardServer(board, tmp_path / "bus", Wrong()).__enter__()
    client = Client(tmp_path / "bus")
    client.socket.sendall(struct.pack("<BQI", 6, 0, 0))
    assert client.stream.read(9) == b""
    client.close()
    with pytest.raises(ZeroDivisionError):
        server.__exit__(None, None, None)


def test_a_path_that_is_taken(tmp_path: Path, board: SimulatedBoard) -> None:
    (tmp_path / "bus").touch()
    with pytest.raises(SensorError, match="free path"):
        BoardServer(board, tmp_path / "bus")
