"""Which board answers; without any network, none, as with an unplugged cable."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading

import pytest

from definitions.osc import messages
from lodestone.board import Board, BoardError, encode


class NoWay(socket.socket):
    def sendto(self, *_: object) -> int:  # type: ignore[override]
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))


def test_no_way_to_a_board_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", NoWay)
    with pytest.raises(BoardError, match=r"wanted a board at 192\.0\.2\.1, got no answer"):
        Board("192.0.2.1", patience_s=0.2)


def _status_of(address: str, port: int, stop: threading.Event) -> threading.Thread:
    """Answers any packet with a status, as a board at this address does."""
    row = next(each for each in messages() if each.address == "/status" and each.sender == "board")
    kinds = {"i": 0, "f": 0.0, "s": address}
    packet = encode("/status", *(kinds[f.kinds[0]] for f in row.fields for _ in range(f.count)))
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.bind((address, port))
    link.settimeout(0.05)

    def answer() -> None:
        with link:
            while not stop.is_set():
                with contextlib.suppress(OSError):
                    link.sendto(packet, link.recvfrom(2048)[1])

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_the_first_of_the_usual_addresses_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lodestone.board.ADDRESSES", ("127.0.0.3", "127.0.0.2", "127.0.0.1"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for there, taken in ((("127.0.0.1",), "127.0.0.1"), (("127.0.0.1", "127.0.0.2"), "127.0.0.2")):
        stop = threading.Event()
        threads = [_status_of(address, port, stop) for address in there]
        try:
            with Board(None, port) as board:
                assert board.address == taken
        finally:
            stop.set()
            for thread in threads:
                thread.join()
