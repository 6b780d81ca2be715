"""How an object of a gesture moves: a row of moves, each beginning where the one before it ended.

Positions are [N, 3] mm: x, y on the board and the height of the object's lowest point above the surface.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Array = NDArray[np.float64]
Paths = Mapping[str, Array]


def minimum_jerk(progress: Array) -> Array:
    """0 to 1 with velocity and acceleration zero at both ends (Flash & Hogan 1985): how a hand moves."""
    return np.asarray(progress**3 * (10.0 - 15.0 * progress + 6.0 * progress**2))


def glide(progress: Array, start: Array, move: Mapping[str, Any], paths: Paths, now: slice) -> Array:
    """A hand carries the object `to` a point."""
    return start + np.outer(minimum_jerk(progress), _point(move["to"], start) - start)


def throw(progress: Array, start: Array, move: Mapping[str, Any], paths: Paths, now: slice) -> Array:
    """The object is let go at speed and rolls `to` a point, slowed evenly by friction."""
    return start + np.outer(1.0 - (1.0 - progress) ** 2, _point(move["to"], start) - start)


def orbit(progress: Array, start: Array, move: Mapping[str, Any], paths: Paths, now: slice) -> Array:
    """`turns` round a `centre` (counter-clockwise where positive), the radius going to `radius` meanwhile."""
    centre = np.asarray(move["centre"], dtype=np.float64)
    arm = start[:2] - centre
    radius = float(np.hypot(*arm))
    end = float(move.get("radius", radius))
    angle = math.atan2(arm[1], arm[0]) + 2.0 * math.pi * float(move["turns"]) * progress
    length = radius + (end - radius) * minimum_jerk(progress)
    height = start[2] + (float(move.get("height", start[2])) - start[2]) * minimum_jerk(progress)
    return np.column_stack([centre[0] + length * np.cos(angle), centre[1] + length * np.sin(angle), height])


def swing(progress: Array, start: Array, move: Mapping[str, Any], paths: Paths, now: slice) -> Array:
    """Swings about where it is, `by` mm at most, `turns` times, growing and dying away."""
    wave = np.sin(2.0 * math.pi * float(move["turns"]) * progress) * np.sin(math.pi * progress)
    return start + np.outer(wave, np.asarray(move["by"], dtype=np.float64))


def follow(progress: Array, start: Array, move: Mapping[str, Any], paths: Paths, now: slice) -> Array:
    """Sticks to another object, at the distance it has when this begins."""
    other = paths[move["object"]][now]
    return np.asarray(start + (other - other[0]))


def trace(progress: Array, start: Array, move: Mapping[str, Any], paths: Paths, now: slice) -> Array:
    """A recorded way: `points` of [seconds after its beginning, x, y, height], joined by monotone cubics."""
    points = np.asarray(move["points"], dtype=np.float64)
    t0, t1 = move["t"]
    whole = np.vstack([[0.0, *start], points])
    seconds = np.clip(progress * (t1 - t0), 0.0, whole[-1, 0])
    return np.asarray(PchipInterpolator(whole[:, 0], whole[:, 1:], axis=0)(seconds))


Move = Callable[[Array, Array, Mapping[str, Any], Paths, slice], Array]
MOVES: dict[str, tuple[Move, frozenset[str], frozenset[str]]] = {
    "glide": (glide, frozenset({"to"}), frozenset()),
    "throw": (throw, frozenset({"to"}), frozenset()),
    "orbit": (orbit, frozenset({"centre", "turns"}), frozenset({"radius", "height"})),
    "swing": (swing, frozenset({"by", "turns"}), frozenset()),
    "follow": (follow, frozenset({"object"}), frozenset()),
    "trace": (trace, frozenset({"points"}), frozenset()),
}
"""Name: function, keys that it needs besides `do` and `t`, keys that it takes."""


def path(start: Array, moves: list[dict[str, Any]], times: Array, paths: Paths) -> Array:
    """[N, 3] positions at `times`; the object rests between its moves."""
    positions = np.empty((len(times), 3))
    here = start
    done = 0
    for move in moves:
        t0, t1 = move["t"]
        first, last = np.searchsorted(times, [t0, t1])
        positions[done:first] = here
        span = slice(int(first), int(last))
        progress = (times[span] - t0) / (t1 - t0)
        function = MOVES[move["do"]][0]
        if len(progress):
            positions[span] = function(progress, here, move, paths, span)
        end = slice(min(int(last), len(times) - 1), min(int(last), len(times) - 1) + 1)
        if move["do"] == "follow":
            here = positions[span][-1] if len(progress) else here
        else:
            here = function(np.ones(1), here, move, paths, end)[0]
        done = int(last)
    positions[done:] = here
    return positions


def _point(value: Any, start: Array) -> Array:
    """x, y and height; the height stays where only x and y are given."""
    point = np.asarray(value, dtype=np.float64)
    return point if len(point) == 3 else np.append(point, start[2])
