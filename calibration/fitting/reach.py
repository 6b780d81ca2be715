"""How far tonight's magnets reach: one number, from everything that was felt, on all rings alike.

A hand comes nearer to one ring than to another, tonight nearer than tomorrow. Were each axis measured against
what it happened to feel, the same touch would differ between two evenings and between two rings. So the
reach is that of one ball that lies everywhere, as strong as makes its fields those of the free play: the
quantiles of outward, along and up, of all four sensors together, set against the ball's.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.carry import outward
from calibration.model import AXES, SENSORS, Array

# The far parts of play say how strong the magnets are, the nearest ones how near a magnet can come.
QUANTILES = (0.95, 0.985, 0.995, 0.9995)
REACH_QUANTILE = 0.99
USUAL_BALL_MM, RADIUS_MM, GRID_MM = 15.0, 110.0, 5.0


def seen_from_rings(field_mt: Array) -> Array:
    """[N, 4, 3] outward, along the ring and up, of [N, 12] in the board's axes."""
    return np.asarray(np.einsum("kij,nkj->nki", outward(), field_mt.reshape(-1, SENSORS, AXES)))


@cache
def _usual() -> tuple[Array, Array]:
    """[Q, 3] quantiles and [3] reach of the usual ball that lies everywhere, poles every way."""
    side = np.arange(-RADIUS_MM, RADIUS_MM + 1.0, GRID_MM)
    x, y = (grid.ravel() for grid in np.meshgrid(side, side))
    inside = np.hypot(x, y) <= RADIUS_MM
    places = np.stack([x[inside], y[inside], np.full(inside.sum(), USUAL_BALL_MM / 2.0)], axis=1)
    points, moment = Mounting().points_mm(), ball_moment(USUAL_BALL_MM)
    fields = [dipole_mt(places, np.tile(moment * pole, (len(places), 1)), points) for pole in np.eye(AXES)]
    seen = np.abs(seen_from_rings(np.concatenate(fields))).reshape(-1, AXES)
    return np.quantile(seen, QUANTILES, axis=0), np.quantile(seen, REACH_QUANTILE, axis=0)


def reach_of(played_mt: Array) -> Array:
    """[12] mT: the field that counts as 1, from play [N, 12], corrected."""
    seen = np.abs(seen_from_rings(played_mt)).reshape(-1, AXES)
    known, reach = _usual()
    felt = np.maximum(np.quantile(seen, QUANTILES, axis=0), 1e-9)
    strength = float(np.exp(np.mean(np.log(felt / known))))
    return on_the_board(strength * reach)


def reach_of_ball(diameter_mm: float) -> Array:
    """[12] mT: the same for one ball of that size, where nobody has played."""
    return on_the_board((diameter_mm / USUAL_BALL_MM) ** 3 * _usual()[1])


def on_the_board(seen: Array) -> Array:
    """[12] along the board's axes, of [3] outward, along and up: the sensors sit on the axes."""
    return np.asarray(np.einsum("kji,j->ki", np.abs(outward()), seen).ravel())
