"""A board of each kind, flashed once; where it cannot be, its tests are skipped and say why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.virtual_board.emulation import NoBoardError
from tests.virtual_board.flashed import FlashedBoard
from tests.virtual_board.kinds import GEM, Kind
from tests.virtual_board.machine import VirtualBoard

pytest.register_assert_rewrite("tests.virtual_board.flashing")
REQUIRED = "LODESTONE_VIRTUAL_BOARD"


def _board(kind: Kind, folder: Path) -> Iterator[FlashedBoard]:
    try:
        with VirtualBoard(kind) as machine:
            machine.power_on()
            yield FlashedBoard(machine, folder)
    except NoBoardError as reason:
        if os.environ.get(REQUIRED) == "required":
            raise
        pytest.skip(f"no virtual {kind.name}: {reason}")


@pytest.fixture(scope="class")
def board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlashedBoard]:
    yield from _board(request.cls.kind, tmp_path_factory.mktemp(request.cls.kind.name))


@pytest.fixture(scope="module")
def gem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlashedBoard]:
    yield from _board(GEM, tmp_path_factory.mktemp("gem"))
