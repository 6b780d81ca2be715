"""Packets of a board over real UDP: kept for a reader that is busy, a stranger's not seen."""

from __future__ import annotations

import socket
import time

import pytest

from sensors.buses.osc_link import UdpLink

PACKETS, BURST, LONG = 2000, 20, b"/frame\0\0" + bytes(600)


@pytest.fixture
def link() -> UdpLink:
    return UdpLink("127.0.0.1", 0, 9)


def test_nothing_is_lost_while_the_reader_draws(link: UdpLink) -> None:
    """Ten seconds of frames wait; a system's own buffer keeps less than one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
        for number in range(PACKETS):
            board.sendto(LONG + number.to_bytes(2, "big"), ("127.0.0.1", link.port))
            if number % BURST == 0:
                time.sleep(0.002)
    got = [link.receive() for _ in range(PACKETS)]
    assert [int.from_bytes(packet[-2:], "big") for packet in got if packet] == list(range(PACKETS))
    link.close()


def test_strangers_are_neither_seen_nor_silence(link: UdpLink) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        for _ in range(5):
            stranger.sendto(b"/frame", ("127.0.0.1", link.port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as board:
            board.sendto(b"/hello", ("127.0.0.1", link.port))
    assert link.receive() == b"/hello"
    assert link.receive() is None
    link.close()


def test_its_port_is_free_when_it_is_closed(link: UdpLink) -> None:
    link.close()
    UdpLink("127.0.0.1", link.port, 9).close()
