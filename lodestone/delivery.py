"""A calibration on its way to a playing board: its touch plans are sent, kept there and crossfaded in.

The voice sounds on meanwhile. A plan goes in small pieces over OSC; what is lost is sent again, and the board
takes a plan only when its checksum is right. Nothing in a packet names a file.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from calibration import Calibration
from graphs.card import read_card
from lodestone.board import AGAIN_S, LOOK, OLD, Board, BoardError
from lodestone.board_messages import PlanTold, Refusal
from lodestone.scenes import touch_of
from lodestone.settings import SceneSettings
from lodestone.voice_files import find_voice, voice_graph
from model_export.compiler import compile_plan

PIECE_BYTES = 480
WINDOW = 24
"""Pieces between two questions: some 30 kB wait in no socket of a board."""
PATIENCE_S = 8.0


@dataclass(frozen=True)
class Delivered:
    """A scene, and the checksum of the touch plan that plays or waits there."""

    scene: str
    crc: str


def touch_plan(calibration: Calibration, scene: SceneSettings, beside: Path, folder: Path) -> bytes:
    """The touch of one scene with this calibration, compiled.

    Args:
        scene: which voice and mapping.
        beside: the folder that paths in `scene` begin from.
        folder: where the voice's graph is kept.
    """
    graph = voice_graph(find_voice(scene.voice, beside), folder, scene.precision, lambda _: None)
    return compile_plan(touch_of(calibration, read_card(graph), scene, beside))


def deliver(board: Board, plans: Sequence[tuple[str, bytes]]) -> list[Delivered]:
    """Sends the touch plans (scene's name, plan) to the board; the scene that plays is crossfaded.

    Raises:
        BoardError: the board has no such scene, refuses a plan, or falls silent. What was in force stays.
    """
    known = {row.name: row.number for row in board.scenes()}
    missing = [name for name, _ in plans if name not in known]
    if missing:
        do = "build and flash those scenes first"
        raise BoardError(f"a board with the scenes {', '.join(missing)}", ", ".join(known) or "none", do)
    return [Delivered(name, _send(board, known[name], name, plan)) for name, plan in plans]


def turn(board: Board, scene: int, way: int) -> PlanTold:
    """Back (-1) to the touch plan before, or forward (1), in one scene of the board."""
    return _answer(board, f"scene {scene} to turn", "/plan_turn", scene, way)


def _send(board: Board, scene: int, name: str, plan: bytes) -> str:
    crc = f"{zlib.crc32(plan):08x}"
    board.send("/plan_begin", scene, len(plan), crc)
    offsets = list(range(0, len(plan), PIECE_BYTES))
    todo = offsets
    for _ in range(4 * (len(offsets) // WINDOW + 2)):
        for offset in todo[:WINDOW]:
            board.send("/plan_piece", offset, plan[offset : offset + PIECE_BYTES].hex())
        told = _answer(board, f"a new touch plan in {name}", "/plan_end")
        if told.missing < 0:
            return crc
        todo = [offset for offset in offsets if offset >= told.missing]
    raise BoardError(
        f"a new touch plan in {name}", "pieces that never came", "check the cable, and try again"
    )


def _answer(board: Board, what: str, address: str, *values: int) -> PlanTold:
    """What the board tells in the end: a piece that is missing, or that it is done."""
    begun = False
    for attempt in range(max(1, round(PATIENCE_S / AGAIN_S))):
        if not begun or attempt == 0:
            board.send(address, *values)
        for message in board.hear(AGAIN_S):
            refused = Refusal.parse(message)
            if refused is not None and refused.address in (address, "/plan_begin") and not begun:
                if "on its way" in refused.reason:
                    begun = True
                    continue
                raise BoardError(what, refused.reason, LOOK)
            told = PlanTold.parse(message)
            if told is None:
                continue
            if told.missing >= 0:
                return told
            if told.done:
                if told.trouble:
                    raise BoardError(what, told.trouble, "the one before plays on")
                return told
        begun = begun or address == "/plan_turn"
    raise BoardError(what, f"no word of it from firmware {board.status.version}", OLD)
