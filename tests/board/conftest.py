"""A board in a folder on which a version plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.board.fake_board import FakeBoard


@pytest.fixture
def board(tmp_path: Path) -> FakeBoard:
    made = FakeBoard(tmp_path / "board")
    first = made.deploy("--image", made.image("first"))
    assert first.returncode == 0, first.stderr
    assert made.playing() == made.installed() == "first"
    return made
