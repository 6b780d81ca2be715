"""Frames from a board that sends OSC, written by an independent implementation (python-osc)."""

from __future__ import annotations

import socket
import threading

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage
from pythonosc.udp_client import SimpleUDPClient

from sensors import Flag, SensorError, open_source
from sensors.buses.osc_source import OscSource
from sensors.watch import words


def test_frames_of_a_board() -> None:
    board = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    board.bind(("127.0.0.1", 0))
    board.settimeout(5.0)
    source = OscSource("osc:127.0.0.1", "127.0.0.1", listen_port=0, board_port=board.getsockname()[1])

    def play() -> None:
        hello = OscMessage(board.recv(64))
        assert hello.address == "/hello"
        client = SimpleUDPClient("127.0.0.1", hello.params[0])
        client.send_message("/field", ["not", "a", "reading"])
        status = ["onboard", "onboard", 0, "one", 0.1, 0.1, 0, 200.0, 0, 8, 0, 1, 31.5, 0, 9.0, "0.1.0", ""]
        client.send_message("/status", status)
        for frame in range(3):
            for sensor in range(1, 5):
                if frame == 1 and sensor == 3:
                    continue
                client.send_message("/mag", [sensor, 100 * sensor, frame, -7])
                client.send_message("/field", [sensor, float(sensor), float(frame), -0.5])

    thread = threading.Thread(target=play)
    thread.start()
    with source:
        frames = _take(source, 3)
    thread.join()
    board.close()
    assert [frame.field_mt[0, 1] for frame in frames] == [0.0, 1.0, 2.0]
    assert frames[1].flags.tolist() == [0, Flag.FROZEN, Flag.LOST, Flag.LOST]  # 4: the board says so
    assert frames[1].temperature_c.tolist() == [31.5] * 4
    np.testing.assert_array_equal(frames[2].counts[3], [400, 2, -7])
    np.testing.assert_allclose(frames[2].field_mt[2], [3.0, 2.0, -0.5])


@pytest.mark.parametrize("told", [False, True])
def test_what_is_lost_or_not_known_is_never_ok(told: bool) -> None:
    """A board goes on to send the last reading of a lost sensor; without a status nobody knows."""
    board = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    board.bind(("127.0.0.1", 0))
    board.settimeout(5.0)
    source = OscSource("osc:127.0.0.1", "127.0.0.1", board_port=board.getsockname()[1])

    def play() -> None:
        client = SimpleUDPClient("127.0.0.1", OscMessage(board.recv(64)).params[0])
        status = ["onboard", "onboard", 0, "one", 0.1, 0.1, 0, 200.0, 1, 1, 1, 1, 31.5, 0, 9.0, "0.1.0", ""]
        if told:
            client.send_message("/status", status)
        for _ in range(3):
            for sensor in range(1, 5):
                client.send_message("/field", [sensor, 1.0, 2.0, 3.0])

    thread = threading.Thread(target=play)
    thread.start()
    with source:
        frames = [frame for frame, _ in zip(source, range(3), strict=False)]
    thread.join()
    while (last := OscMessage(board.recv(64))).address == "/hello":
        pass
    assert last.address == "/bye"
    board.close()
    for flags in frames[-1].flags.tolist():
        assert words(flags) == ("lost" if told else "not known")


def _take(source: OscSource, count: int) -> list:
    """The first frames that hold anything."""
    frames = []
    for frame in source:
        if (frame.flags & Flag.LOST).all():
            continue
        frames.append(frame)
        if len(frames) == count:
            return frames
    return frames


def test_addresses_that_cannot_be_used() -> None:
    with pytest.raises(SensorError, match="numeric"):
        open_source("osc:bela.local")
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(("", 0))
    with pytest.raises(SensorError, match="UDP port"):
        open_source(f"osc:127.0.0.1?port={taken.getsockname()[1]}")
    taken.close()
