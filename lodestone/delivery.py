"""A calibration on its way to a playing board: its touch plans are sent, kept there and crossfaded in.

The voice sounds on meanwhile. A plan goes in small pieces over OSC; what is lost is sent again, and the board
takes a plan only when its checksum is right. Nothing in a packet names a file.
"""

from __future__ import annotations

import time
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
"""Without progress."""
PASSING = "again"
"""A refusal that passes, or that sending once more cures, says this word; no other does."""


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

    A plan that the board has already is put in force there again, so that sending twice keeps one.

    Raises:
        BoardError: the board has no such scene, refuses a plan, or falls silent. What was in force stays.
    """
    known = {row.name: row.number for row in board.scenes()}
    missing = [name for name, _ in plans if name not in known]
    if missing:
        do = "build and flash those scenes first"
        raise BoardError(f"a board with the scenes {', '.join(missing)}", ", ".join(known) or "none", do)
    return [Delivered(name, _send(board, known[name], name, plan)) for name, plan in plans]


def in_force(board: Board, scene: int) -> PlanTold:
    """What plays or waits in a scene, and how many are kept before and after it."""
    told, refusal = _ask(board, scene, "", "/plan_turn", scene, 0)
    return _given(board, f"word of the touch plan in scene {scene}", told, refusal)


def turn(board: Board, scene: int, way: int) -> PlanTold:
    """Back (-1) to the touch plan before, or forward (1), in one scene of the board.

    Raises:
        BoardError: there is none, or it cannot play; the one in force stays.
    """
    what = f"a touch plan {'before' if way < 0 else 'after'} the one in scene {scene}"
    old = in_force(board, scene)
    if (old.before if way < 0 else old.after) == 0:
        raise BoardError(what, "none on the board", "nothing was changed")
    new = old
    for _ in range(_tries()):
        # Said again only where the board tells that it has not turned: twice would be two steps.
        board.send("/plan_turn", scene, way)
        told, _refusal = _hear(board, scene, "")
        new = told or in_force(board, scene)
        if new.crc != old.crc or new.trouble:
            break
    if new.crc == old.crc or new.trouble:
        raise BoardError(what, new.trouble or "no word of it", LOOK)
    return new


def _send(board: Board, scene: int, name: str, plan: bytes) -> str:
    """One plan, whatever the link loses, doubles or delays."""
    what, crc = f"a new touch plan in {name}", f"{zlib.crc32(plan):08x}"
    offsets = list(range(0, len(plan), PIECE_BYTES))
    todo, until, refusal = offsets, time.monotonic() + PATIENCE_S, ""
    while time.monotonic() < until:
        board.send("/plan_begin", scene, len(plan), crc)
        for offset in todo[:WINDOW]:
            board.send("/plan_piece", offset, plan[offset : offset + PIECE_BYTES].hex(), crc)
        board.send("/plan_end", crc)
        told, refusal = _hear(board, scene, crc)
        if told is None:
            if refusal and PASSING not in refusal:
                break
            continue
        if told.done:
            return _played(what, told, crc)
        left = [offset for offset in offsets if offset >= told.missing]
        if len(left) < len(todo):
            until = time.monotonic() + PATIENCE_S
        todo = left
    raise BoardError(what, refusal or "no word of it from the board", "check the cable; the old one plays on")


def _played(what: str, told: PlanTold, crc: str) -> str:
    if told.trouble:
        raise BoardError(what, told.trouble, "the one before plays on")
    if told.crc != crc:
        raise BoardError(what, f"{told.crc}, which somebody else sent meanwhile", "say who of you plays")
    return crc


def _ask(board: Board, scene: int, about: str, address: str, *values: int) -> tuple[PlanTold | None, str]:
    """Asks until there is an answer; only for what may be asked twice."""
    refusal = ""
    for _ in range(_tries()):
        board.send(address, *values)
        told, refusal = _hear(board, scene, about)
        if told is not None or (refusal and PASSING not in refusal):
            return told, refusal
    return None, refusal


def _given(board: Board, what: str, told: PlanTold | None, refusal: str) -> PlanTold:
    if told is None:
        got = refusal or f"no word of it from firmware {board.status.version}"
        raise BoardError(what, got, LOOK if refusal else OLD)
    return told


def _tries() -> int:
    return max(1, round(PATIENCE_S / AGAIN_S))


def _hear(board: Board, scene: int, about: str) -> tuple[PlanTold | None, str]:
    """What the board says of this plan within a moment: the answer, or why it was refused."""
    refusal = ""
    for message in board.hear(AGAIN_S):
        refused, told = Refusal.parse(message), PlanTold.parse(message)
        if refused is not None and refused.address.startswith("/plan"):
            refusal = refused.reason
        if told is not None and (told.scene, told.about) == (scene, about):
            return told, ""
    return None, refusal
