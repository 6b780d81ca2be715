"""A computer without any network tells that no board answers, as one with an unplugged cable does."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from lodestone.board import Board, BoardError


class NoWay(socket.socket):
    def sendto(self, *_: object) -> int:  # type: ignore[override]
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))


def test_no_way_to_a_board_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", NoWay)
    with pytest.raises(BoardError, match=r"wanted a board at 192\.0\.2\.1, got no answer"):
        Board("192.0.2.1", patience_s=0.2)
