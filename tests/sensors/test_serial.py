"""The serial line protocol: byte tables, damage, a real pseudo-terminal, reconnection."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sensors import Flag, SensorError, open_source
from sensors.buses import serial_line as lines
from sensors.buses.serial_source import SerialSource
from sensors.simulation import VirtualClock

HEADER = lines.SerialHeader("mlx90393", 200.0, 3, (2, 2, 2), (46696, 46701, 46688, 46690))
COUNTS = np.arange(12, dtype=np.int32).reshape(4, 3) * 100 - 500


def crc_bit_by_bit(data: bytes) -> int:
    """CRC-16/CCITT-FALSE as one writes it for a microcontroller."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def test_lines_byte_by_byte() -> None:
    assert crc_bit_by_bit(b"123456789") == 0x29B1
    assert lines.seal("123456789") == b"123456789*29B1\n"
    assert lines.temperature_line([25.0, -3.5, 0.0, 30.25]).startswith(b"T,2500,-350,0,3025*")
    body = b"F,7,5000,-500,-400,-300,-200,-100,0,100,200,300,400,500,600,0,1,102,0"
    line = lines.frame_line(7, 5000, COUNTS, [0, 1, 0x102, 0])
    assert line == body + b"*%04X\n" % crc_bit_by_bit(body)


def test_round_trips() -> None:
    frame = lines.parse_line(lines.frame_line(7, 5000, COUNTS, [0, 1, 0x102, 0]).rstrip())
    assert isinstance(frame, lines.SerialFrame)
    assert (frame.sequence, frame.time_us) == (7, 5000)
    np.testing.assert_array_equal(frame.counts, COUNTS)
    assert frame.flags.tolist() == [0, 1, 0x102, 0]
    header = lines.parse_line(lines.header_line(HEADER).rstrip())
    assert isinstance(header, lines.SerialHeader)
    assert header == HEADER or header.tref == HEADER.tref
    np.testing.assert_allclose(header.count_mt(), [0.0015, 0.0015, 0.00242])


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    assert lines.parse_line(data) is None


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_damaged_line_is_refused(place: int, value: int) -> None:
    line = bytearray(lines.frame_line(7, 5000, COUNTS, [0, 0, 0, 0]).rstrip())
    line[place] ^= value
    assert lines.parse_line(bytes(line)) is None


@pytest.mark.parametrize(
    "text",
    [
        "F,1,2,3",
        "F" + ",99999999999" * 18,
        "T,1,2,3",
        "T,a,b,c,d",
        "X,1",
        "H{}",
        "H[]",
        'H{"version":2,"chip":"mlx90393"}',
        'H{"version":1,"chip":"mlx90393","rate_hz":200,"gain_sel":9,"resolution":[2,2,2],"tref":[1,2,3,4]}',
    ],
)
def test_lines_with_a_right_checksum_and_wrong_content(text: str) -> None:
    assert lines.parse_line(lines.seal(text).rstrip()) is None


def test_through_a_pseudo_terminal() -> None:
    ours, theirs = os.openpty()
    name = os.ttyname(theirs)
    heard = threading.Event()

    def sketch() -> None:
        os.write(ours, b"garbage after reset \xff\xfe\n")
        while not heard.wait(0.01):
            os.write(ours, lines.header_line(HEADER))
        os.write(ours, lines.temperature_line([30.0, 31.0, 32.0, 33.0]))
        for sequence in (1, 2, 4):
            os.write(ours, lines.frame_line(sequence, sequence * 5000, COUNTS, [0, 0, 0, Flag.LOST]))

    thread = threading.Thread(target=sketch)
    thread.start()
    with open_source(f"serial:{name}?baud=115200") as source:
        heard.set()
        frames = [frame for frame, _ in zip(source, range(3), strict=False)]
        assert source.info["identity"] == list(HEADER.tref)
    thread.join()
    os.close(ours)
    os.close(theirs)
    assert isinstance(source, SerialSource)
    assert source.bad_lines <= 2
    assert source.lost_frames == 1
    assert [frame.sequence for frame in frames] == [1, 2, 4]
    assert frames[-1].time_s == 0.02
    np.testing.assert_allclose(frames[-1].field_mt[0], COUNTS[0] * [0.0015, 0.0015, 0.00242], rtol=1e-5)
    np.testing.assert_allclose(frames[-1].field_mt[3], 0.0)
    np.testing.assert_allclose(frames[-1].temperature_c, [30.0, 31.0, 32.0, 33.0])


class FakePort:
    """Gives its chunks one a read, then fails as a port that was unplugged."""

    def __init__(self, chunks: list[bytes], clock: VirtualClock) -> None:
        self.chunks, self.clock, self.closed = chunks, clock, False

    def read(self, size: int) -> bytes:
        self.clock.now_ns += 5_000_000
        if not self.chunks:
            raise OSError("device gone")
        return self.chunks.pop(0)

    def close(self) -> None:
        self.closed = True


def test_reconnection() -> None:
    clock = VirtualClock()
    header = lines.header_line(HEADER)
    play = [lines.frame_line(k, k * 5000, COUNTS, [0] * 4) for k in range(1, 81)]
    halves = [header[:20], header[20:], *play]
    ports = [FakePort(halves, clock), None, None, None, FakePort([header, *play, *play, *play], clock)]
    queue: Iterator[FakePort | None] = iter(ports)

    def connect() -> FakePort:
        port = next(queue)
        if port is None:
            raise SensorError("a port", "nothing", "plug it in")
        return port

    with SerialSource("serial:fake", connect, clock) as source:
        frames = [frame for frame, _ in zip(source, range(200), strict=False)]
    assert ports[0] is not None
    assert ports[0].closed
    assert source.reconnections == 1
    weights = [float(frame.valid[0]) for frame in frames]
    assert max(weights[:80]) == 1.0
    assert min(weights) == 0.0, "after more than a second without a line"
    assert max(abs(a - b) for a, b in itertools.pairwise(weights)) < 0.06
    assert any(frame.flags[0] & Flag.LOST for frame in frames)
    assert weights[-1] == 1.0


def test_a_port_that_talks_nonsense() -> None:
    clock = VirtualClock()
    source = SerialSource("serial:fake", lambda: FakePort([b"hello\n"] * 1000, clock), clock)
    with pytest.raises(SensorError, match="damaged lines"):
        source.__enter__()


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(SensorError, match="plug it in"), open_source("serial:/dev/ttyNothing"):
        pass
