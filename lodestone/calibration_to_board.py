"""The gig path: a calibration into every scene of a playing board, and what is in force there."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from calibration import Calibration, CalibrationError, checksum, load
from calibration.file import kept_files
from errors import LodestoneError
from lodestone.board import PORT, Board, BoardError
from lodestone.board_messages import PlanTold
from lodestone.delivery import deliver, in_force, touch_plan, turn
from lodestone.settings import SceneSettings, load_settings
from lodestone.voice_files import find_voice


def why_not(instrument: Path) -> str:
    """Why no calibration can go to the board from here; empty where it can.

    Asked before the player has calibrated, so that nobody plays for nothing.
    """
    try:
        for scene in load_settings(instrument).scenes:
            find_voice(scene.voice, instrument.parent)
    except LodestoneError as error:
        return str(error)
    return ""


def bring(calibration: Calibration, host: str, port: int, instrument: Path) -> Iterator[str]:
    """Sends it, and tells in words what happened.

    Args:
        instrument: the settings whose scenes the board plays.

    Raises:
        LodestoneError: settings that cannot be read, a board that refuses or is silent; what was in force in
            a scene that is not told of plays on.
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
        plans, others = _plans(calibration, known, board, beside, Path(folder))
        began = time.monotonic()
        try:
            for name, plan in plans:
                for done in deliver(board, [(name, plan)]):
                    yield f"scene {done.scene} has it ({done.crc})"
        except BoardError as error:
            do = f"{error.do}; `lodestone calibration apply --board {host} --send` sends it again"
            raise BoardError(error.wanted, error.got, do) from None
        size = sum(len(plan) for _, plan in plans) / 1000
        took = time.monotonic() - began
        if others:
            yield f"not in these settings, and as before on the board: {', '.join(others)}"
        yield f"{size:.0f} kB in {took:.1f} s; `lodestone calibration undo --board {host}` takes it back"


def _plans(
    calibration: Calibration, known: Sequence[SceneSettings], board: Board, beside: Path, folder: Path
) -> tuple[list[tuple[str, bytes]], list[str]]:
    """A plan for each scene that the board has as well; and the names of its other scenes."""
    there = [row.name for row in board.scenes()]
    shared = [scene for scene in known if scene.name in there]
    if not shared:
        wanted = f"a board with one of the scenes {', '.join(scene.name for scene in known)}"
        raise BoardError(wanted, ", ".join(there) or "none", "build and flash these settings first")
    named = {scene.name for scene in shared}
    plans = [(scene.name, touch_plan(calibration, scene, beside, folder)) for scene in shared]
    return plans, [name for name in there if name not in named]


def turn_board(host: str, port: int, way: int) -> Iterator[str]:
    """Back (-1) or forward (1) in every scene of the board that has another touch plan to turn to."""
    turned, refused = [], ""
    with Board(host, port or PORT) as board:
        for row in board.scenes():
            try:
                turn(board, row.number, way)
                turned.append(row.name)
            except BoardError as error:
                refused = error.got
    if not turned:
        wanted = f"a touch plan {'before' if way < 0 else 'after'} this one on the board"
        raise BoardError(wanted, refused, "nothing was changed")
    yield f"on the board: {', '.join(turned)}"


def scenes_in_force(host: str, port: int) -> dict[str, PlanTold]:
    """What plays or waits in each scene of the board, by the scene's name."""
    with Board(host, port) as board:
        return {row.name: in_force(board, row.number) for row in board.scenes()}


def known_as(calibration: str, file: Path) -> Path | None:
    """The file beside `file` that holds the calibration whose SHA-256 begins so; None where there is none."""
    for path in kept_files(file):
        try:
            if calibration and checksum(load(path)).startswith(calibration):
                return path
        except CalibrationError:
            continue
    return None


def board_words(host: str, port: int, file: Path) -> Iterator[str]:
    """A line for each scene: which of the calibrations beside `file` is in force on the board."""
    for name, told in scenes_in_force(host, port).items():
        path = known_as(told.calibration, file)
        if path is not None:
            which = "this calibration" if path == file else f"the one in {path.name}"
        elif told.calibration:
            which = f"a calibration that is not kept here ({told.calibration})"
        else:
            which = "a touch of no calibration"
        kept = f"{told.before} before it and {told.after} after it are kept there"
        yield f"on the board, scene {name}: {which}; {kept}"
