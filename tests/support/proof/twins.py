"""Two ways to lay the same marbles that one board cannot tell apart, and another board can.

Four sensors give twelve numbers; four marbles that lie have sixteen unknowns. So there are arrangements that
give one board twelve times the very same field, and differ a few millimetres lower. Whatever is computed from
one frame, that board plays both alike. A board whose sensors sit where they should plays each as it is. So in
one of the two arrangements at least, the boards differ by half of what the second one feels between them: no
carry goes below that (Le Cam's two-point argument).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.model import AXES, CHANNELS, SENSORS, Array

# The marbles: 15, 20 and two of 10 mm, as in the gesture that the boards are compared with.
MARBLES_MM = np.array([15.0, 20.0, 10.0, 10.0])
PLACED_WITHIN_MM, PLAY_RADIUS_MM = 90.0, 120.0
# Unknowns of a marble: x and y in cm, and its pole, of any length.
CM = 10.0
UNKNOWNS = 2 + AXES
WALKS, STEPS, STRIDE, NEWTON = 8, 30, 0.25, 4
ALIKE_MT = 1e-6  # a five-thousandth of the noise
DIFFERENCE = 1e-5


@dataclass(frozen=True)
class Twins:
    """Two arrangements [4, 2, 3] (place in mm, moment in A m2 of each marble).

    Attributes:
        alike_mt: how far apart the twelve fields of the first board are, at most.
        apart: root mean square difference of the twelve touches of the second board, part of the reach.
    """

    one: Array
    other: Array
    alike_mt: float
    apart: float


def find_twins(seed: int, first_mm: Array, second_mm: Array, touch_of: Callable[[Array], Array]) -> Twins:
    """Begins with marbles thrown by `seed` and walks where the first board feels no change.

    Args:
        first_mm, second_mm: [4] heights of the sensors of the two boards.
        touch_of: touch [12] of fields [12] mT.
    """
    start = _thrown(np.random.default_rng([seed, 5]))
    felt, known = _felt(start, first_mm), touch_of(_felt(start, second_mm))
    best = Twins(_arranged(start), _arranged(start), 0.0, 0.0)
    here = start + 1e-2 * np.random.default_rng([seed, 6]).standard_normal(start.shape)
    for _ in range(STEPS):
        for _ in range(NEWTON):  # back to where the first board feels the same
            slope = _slope(lambda at: _felt(at, first_mm), here)
            here = here - np.linalg.lstsq(slope, _felt(here, first_mm) - felt, rcond=1e-6)[0]
        alike = float(np.abs(_felt(here, first_mm) - felt).max())
        change = touch_of(_felt(here, second_mm)) - known
        apart = float(np.sqrt(np.mean(change**2)))
        if alike < ALIKE_MT and _can_lie(here) and apart > best.apart:
            best = Twins(_arranged(start), _arranged(here), alike, apart)
        uphill = _slope(lambda at: touch_of(_felt(at, second_mm)), here).T @ change
        unfelt = np.linalg.svd(_slope(lambda at: _felt(at, first_mm), here))[2][CHANNELS:]
        way = unfelt.T @ (unfelt @ uphill)
        here = here + STRIDE * way / max(float(np.abs(way).max()), 1e-12)
    return best


def no_better_than(height_mm: float, touch_of: Callable[[Array], Array]) -> float:
    """What a board whose sensors are this much too high must differ by from one whose sensors are not.

    Part of the reach, for some play and whatever the carry: the median of WALKS random beginnings, halved; so
    it is no rare arrangement that has such a twin.
    """
    high, right = np.full(SENSORS, height_mm), np.zeros(SENSORS)
    found = [find_twins(seed, high, right, touch_of).apart for seed in range(WALKS)]
    return 0.5 * float(np.median(found))


def _thrown(rng: np.random.Generator) -> Array:
    """[20] unknowns of marbles that lie apart."""
    while True:
        radius = PLACED_WITHIN_MM * np.sqrt(rng.uniform(size=len(MARBLES_MM)))
        angle = rng.uniform(0.0, 2.0 * np.pi, len(MARBLES_MM))
        poles = rng.standard_normal((len(MARBLES_MM), AXES))
        poles /= np.linalg.norm(poles, axis=1, keepdims=True)
        places = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1) / CM
        unknowns = np.concatenate([places, poles], axis=1).ravel()
        if _can_lie(unknowns):
            return unknowns


def _arranged(unknowns: Array) -> Array:
    """[4, 2, 3] places in mm and moments in A m2."""
    parts = unknowns.reshape(-1, UNKNOWNS)
    places = np.concatenate([CM * parts[:, :2], MARBLES_MM[:, None] / 2.0], axis=1)
    moments = np.array([ball_moment(float(diameter)) for diameter in MARBLES_MM])
    poles = parts[:, 2:] / np.linalg.norm(parts[:, 2:], axis=1, keepdims=True)
    return np.stack([places, poles * moments[:, None]], axis=1)


def _felt(unknowns: Array, height_mm: Array) -> Array:
    """[12] mT."""
    return felt_mt(_arranged(unknowns), height_mm)


def felt_mt(arrangement: Array, height_mm: Array) -> Array:
    """[12] mT at sensors that sit this much too high, of marbles [B, 2, 3] as in `Twins`."""
    points = Mounting(height_mm=height_mm).points_mm()
    return np.asarray(dipole_mt(arrangement[:, 0], arrangement[:, 1], points).sum(axis=0).ravel())


def _can_lie(unknowns: Array) -> bool:
    """On the board, and no marble inside another."""
    places = _arranged(unknowns)[:, 0]
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    least = (MARBLES_MM[:, None] + MARBLES_MM[None]) / 2.0
    free = (apart >= least) | np.eye(len(places), dtype=bool)
    return bool(free.all() and (np.hypot(places[:, 0], places[:, 1]) < PLAY_RADIUS_MM).all())


def _slope(function: Callable[[Array], Array], at: Array) -> Array:
    """[12, 20] by central differences."""
    steps = DIFFERENCE * np.eye(len(at))
    columns = [(function(at + step) - function(at - step)) / (2.0 * DIFFERENCE) for step in steps]
    return np.asarray(np.stack(columns, axis=1))
