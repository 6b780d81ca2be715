"""Endless play: a gesture of any length, drawn from a seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from sensors.simulation.gesture import Gesture, MagnetObject

_MARBLES = ((15.0, "field"), (20.0, "up"), (10.0, "field"))
_REACH_MM = 95.0


def improvise(seed: int, duration_s: float) -> Gesture:
    """Three marbles (10, 15, 20 mm) thrown, turned and moved over the whole board.

    They do not know of each other and may pass through each other. For tests and tables that need minutes.
    """
    random = np.random.default_rng([seed, 400])
    things = []
    for number, (diameter, pole) in enumerate(_MARBLES):
        at = (*_somewhere(random), 0.0)
        moves = _moves(random, duration_s)
        things.append(
            MagnetObject(f"marble {number + 1}", "ball", (diameter, 0.0, diameter), 1.30, pole, at, moves)
        )
    return Gesture(f"improvised {seed}", f"Improvised, seed {seed}", duration_s, tuple(things))


def _moves(random: np.random.Generator, duration_s: float) -> list[dict[str, Any]]:
    moves: list[dict[str, Any]] = []
    now = float(random.uniform(0.0, 1.0))
    while True:
        seconds = float(random.uniform(0.5, 2.5))
        if now + seconds >= duration_s:
            return moves
        span = (now, now + seconds)
        kind = str(random.choice(["throw", "throw", "glide", "orbit", "swing"]))
        if kind in ("throw", "glide"):
            moves.append({"do": kind, "t": span, "to": _somewhere(random)})
        elif kind == "orbit":
            turns = float(random.uniform(0.5, 1.5)) * seconds * float(random.choice([-1.0, 1.0]))
            radius = float(random.uniform(20.0, _REACH_MM))
            moves.append({"do": "orbit", "t": span, "centre": (0.0, 0.0), "turns": turns, "radius": radius})
        else:
            by = tuple(float(x) for x in random.uniform(-12.0, 12.0, 2))
            moves.append({"do": "swing", "t": span, "by": (*by, 0.0), "turns": 2.0 * seconds})
        now += seconds + float(random.exponential(0.4))


def _somewhere(random: np.random.Generator) -> tuple[float, float]:
    radius = _REACH_MM * math.sqrt(float(random.uniform()))
    angle = float(random.uniform(0.0, 2.0 * math.pi))
    return radius * math.cos(angle), radius * math.sin(angle)
