"""One ball on one spot: what free play cannot tell, however it is played.

A board that is turned by a quarter, seen in a mirror, or has every sign wrong feels play just as another one
that is in order, and how strong the marbles are nobody knows. One known ball at a known place, its mark up,
ends that: twelve values whose directions and sizes are known. The place is the centre of a ring, where a
marble lies still by itself, its pole as the stack's. One sensor alone is told better by free play.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from calibration.board_model import dipole_mt
from calibration.errors import CalibrationError
from calibration.fitting.spots import printed_spots
from calibration.fitting.wiring import ALL_AXES, Wiring, righted
from calibration.model import SENSORS, Array

# Of a field: what gains, turns and places of a workshop, and a ball 2 mm beside its mark, make of it.
UNKNOWN, NOISE_MT = 0.25, 0.01
# Misfit in these units: 200 healthy boards, stacks and all, reach 1.6 (`tests/calibration/test_one_spot.py`).
PLAUSIBLE = 1.9
# Another arrangement is the true one when the misfit falls to this part.
EXPLAINS = 0.5
# Of the strongest field that is wanted: less is no ball.
FELT = 0.25
UPRIGHT = np.array([0.0, 0.0, 1.0])
SPOT = printed_spots()[0]


@dataclass(frozen=True)
class SpotTold:
    """What one ball on one spot tells.

    Attributes:
        misfit: of the arrangement in the settings, root mean square in units of what a workshop explains.
        wiring: the arrangement that explains what the given one does not; its `suspect` where none does.
        shows: what the chips show of the known ball, all together; 1 when all is well.
    """

    misfit: float
    wiring: Wiring
    shows: float

    @property
    def plausible(self) -> bool:
        """Whether the arrangement in the settings explains what was read."""
        return self.misfit <= PLAUSIBLE


def told_by_one_spot(field_mt: Array, points_mm: Array, ball_mm: float, moment: float) -> SpotTold:
    """Judges the arrangement by one ball on `SPOT`, its mark up.

    Args:
        field_mt: [4, 3] what the sensors show more than on the empty board, corrected as far as is known.
        points_mm: [4, 3] where they are, as far as is known.
        ball_mm: diameter of the ball; moment: A m2.

    Raises:
        CalibrationError: no ball is felt.
    """
    place = np.array([*SPOT.place_mm, ball_mm / 2.0])
    wanted = dipole_mt(place, moment * UPRIGHT, points_mm)
    strongest = float(np.linalg.norm(field_mt, axis=1).max())
    if strongest < FELT * float(np.linalg.norm(wanted, axis=1).max()):
        got = f"{strongest:.2f} mT at the sensor that feels most"
        raise CalibrationError(f"one {ball_mm:g} mm ball on the {SPOT.name}", got, "put it there, mark up")
    given, shows = _misfit(field_mt, wanted)
    if given <= PLAUSIBLE:
        return SpotTold(given, Wiring(given), shows)
    tried = [
        (_misfit(field_mt[list(order)], wanted)[0], Wiring(given, order=tuple(np.argsort(order).tolist())))
        for order in itertools.permutations(range(SENSORS))
        if order != tuple(range(SENSORS))
    ]
    tried += [
        (_misfit(righted(field_mt[None], -1, axes)[0], wanted)[0], Wiring(given, turned=(-1, axes)))
        for axes in (*ALL_AXES, (-1, -2, -3))
    ]
    best = min(tried, key=lambda one: one[0])
    if best[0] <= EXPLAINS * given:
        return SpotTold(given, best[1], shows)
    return SpotTold(given, Wiring(given, suspect=int(np.argmax(_misfits(field_mt, wanted, shows)))), shows)


def _misfit(field_mt: Array, wanted_mt: Array) -> tuple[float, float]:
    """Root mean square of the sensors' misfits; and what they show of the ball, the median of the four."""
    size = np.linalg.norm(wanted_mt, axis=1)
    shows = float(np.median(np.linalg.norm(field_mt, axis=1) / size))
    return float(np.sqrt(np.mean(_misfits(field_mt, wanted_mt, shows) ** 2))), shows


def _misfits(field_mt: Array, wanted_mt: Array, shows: float) -> Array:
    expected = shows * wanted_mt
    error = np.hypot(NOISE_MT, UNKNOWN * np.linalg.norm(expected, axis=1))
    return np.asarray(np.linalg.norm(field_mt - expected, axis=1) / error)
