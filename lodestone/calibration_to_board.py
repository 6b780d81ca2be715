"""The gig path: a calibration into every scene of a playing board that plays one of ours."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from calibration import Calibration
from lodestone.board import PORT, Board
from lodestone.delivery import deliver, touch_plan, turn
from lodestone.settings import SceneSettings, load_settings


def bring(calibration: Calibration, host: str, port: int, instrument: Path) -> Iterator[str]:
    """Sends it, and tells in words what happened.

    Args:
        instrument: the settings whose scenes the board plays.

    Raises:
        LodestoneError: settings that cannot be read, a board that refuses or is silent; the old one plays on.
    """
    yield from bring_scenes(calibration, host, port, load_settings(instrument).scenes, instrument.parent)


def bring_scenes(
    calibration: Calibration, host: str, port: int, known: Sequence[SceneSettings], beside: Path
) -> Iterator[str]:
    """As `bring`, of scenes that are given.

    Args:
        known: what the board may play; those that it has get it.
        beside: the folder that paths in them begin from.
    """
    with tempfile.TemporaryDirectory() as folder, Board(host, port) as board:
        there = {row.name for row in board.scenes()}
        scenes = [scene for scene in known if scene.name in there] or list(known)
        plans = [(scene.name, touch_plan(calibration, scene, beside, Path(folder))) for scene in scenes]
        began = time.monotonic()
        for done in deliver(board, plans):
            yield f"scene {done.scene} has it ({done.crc})"
        size = sum(len(plan) for _, plan in plans) / 1000
        took = time.monotonic() - began
        yield f"{size:.0f} kB in {took:.1f} s; `lodestone calibration undo --board {host}` takes it back"


def turn_board(host: str, port: int, way: int) -> Iterator[str]:
    """Back (-1) or forward (1) in every scene of the board that has another touch plan to turn to."""
    from lodestone.board import BoardError

    turned, refused = [], ""
    with Board(host, port or PORT) as board:
        for row in board.scenes():
            try:
                turn(board, row.number, way)
                turned.append(row.name)
            except BoardError as error:
                refused = error.got
    if not turned:
        do = "nothing was changed"
        raise BoardError(
            f"a touch plan {'before' if way < 0 else 'after'} this one on the board", refused, do
        )
    yield f"on the board: {', '.join(turned)}"
