"""What no calibration can pass: the accuracy that readings of known spots and one lone marble hold at all.

The Cramér-Rao bound by the Gauss-Newton system of `calibration.fitting.bundle`, at the true board, with the
errors that were really made (not those that the fit allows for), with what the workshop really makes, and
every placement's place and pole unknown.
"""

from __future__ import annotations

import numpy as np

from calibration.board_model import ball_moment, dipole_mt
from calibration.fitting.bundle import (
    OF_FRAME,
    OF_SENSOR,
    SCALE,
    Sightings,
    _frame_slopes,
    _sensor_slopes,
    unknowns_of,
)
from calibration.model import AXES, SENSORS, Array
from tests.support.harsh.boards import BESIDE_MM, NOISE_MT, Board, Workshop
from tests.support.harsh.hands import hand

LYING_MM, EXACT = 0.02, 1e-4
DRAWS = 200


def spots_of(board: Board) -> Sightings:
    """The sixteen placements, with the errors of a hand and of the chips."""
    readings = board.spots()
    count = len(readings.places_mm)
    poles = np.tile([0.0, 0.0, 1.0], (count, 1)) * readings.moment
    error = np.full((count, SENSORS), readings.noise_mt)
    beside = np.tile([BESIDE_MM, BESIDE_MM, LYING_MM], (count, 1))
    known, exact, even = np.full(count, readings.moment), np.full(count, EXACT), np.ones(count)
    return Sightings(readings.field_mt, error, readings.places_mm, beside, poles, known, exact, even)


def lone_of(board: Board, seed: int) -> Sightings:
    """Every second frame of twelve seconds of one marble, strength and place unknown."""
    play = hand(1000 + seed, 12.0)
    path = play.magnets[0].path_mm[::2]
    path = path[np.hypot(path[:, 0], path[:, 1]) < 120.0]
    moments = np.tile([0.0, 0.0, ball_moment(15.0)], (len(path), 1))
    field = board.mounting.shows(dipole_mt(path, moments, board.mounting.points_mm()))
    count = len(path)
    error = np.full((count, SENSORS), NOISE_MT / np.sqrt(2.0))
    wide, one = np.tile([100.0, 100.0, 1.0], (count, 1)), np.ones(count)
    return Sightings(field, error, path, wide, moments, np.full(count, ball_moment(15.0)), one, one)


def covariance(board: Board, seen: Sightings) -> Array:
    """[60, 60] of the board's scaled unknowns, no smaller for any unbiased fit."""
    truth = unknowns_of(board.mounting)
    frame = _frame_slopes(seen, truth, seen.places_mm, seen.moments)
    sensor = _sensor_slopes(seen, truth, seen.places_mm, seen.moments, frame)
    along = seen.moments / np.linalg.norm(seen.moments, axis=1, keepdims=True) / seen.strength_error[:, None]
    own = np.einsum("fai,faj->fij", frame, frame)
    own[:, range(3), range(3)] += seen.places_error_mm**-2.0
    own[:, 3:, 3:] += along[:, :, None] * along[:, None, :]
    own[:, range(OF_FRAME), range(OF_FRAME)] += 1e-9
    mixed = np.einsum("fkai,fkaj->fikj", frame.reshape(-1, SENSORS, AXES, OF_FRAME), sensor)
    mixed = mixed.reshape(len(own), OF_FRAME, -1)
    whole = np.diag(np.tile((SCALE / _spread(board.workshop)) ** 2, SENSORS))
    bias = np.arange(SENSORS * OF_SENSOR).reshape(SENSORS, OF_SENSOR)[:, 12:].ravel()
    whole[bias, bias] += 1e6  # nothing lay near the empty board
    for k in range(SENSORS):
        part = slice(k * OF_SENSOR, (k + 1) * OF_SENSOR)
        whole[part, part] += np.einsum("fai,faj->ij", sensor[:, k], sensor[:, k])
    whole -= np.einsum("fiu,fiv->uv", mixed, np.linalg.solve(own, mixed))
    return np.asarray(np.linalg.inv(whole))


def _spread(shop: Workshop) -> Array:
    """[15] standard deviations of what this workshop really makes."""
    even = 1.0 / np.sqrt(3.0)
    turn = np.deg2rad(shop.angle_deg) / 3.0
    parts = [shop.gain * even] * 3 + [turn] * 3 + [shop.cross * even] * 3
    shift = [shop.sideways_mm * even] * 2 + [shop.height_mm * even]
    return np.maximum(np.array([*parts, *shift, *SCALE[12:]]), 1e-6)


def bound(workshop: Workshop, count: int, *, lone: bool) -> tuple[Array, Array]:
    """[count * DRAWS] worst gain and [...] worst place in mm of a board, drawn from the bound."""
    gains, places = [], []
    for seed in range(count):
        board = Board(seed, workshop)
        seen = spots_of(board)
        seen = seen.and_these(lone_of(board, seed)) if lone else seen
        draws = np.random.default_rng(seed).multivariate_normal(
            np.zeros(SENSORS * OF_SENSOR), covariance(board, seen), DRAWS
        )
        errors = draws.reshape(DRAWS, SENSORS, OF_SENSOR) * SCALE
        gains.append(np.abs(errors[:, :, :3]).max(axis=(1, 2)))
        places.append(np.abs(errors[:, :, 9:12]).max(axis=(1, 2)))
    return np.concatenate(gains), np.concatenate(places)


def bound_lines(workshop: Workshop, count: int) -> list[str]:
    """For a reader: median board, and the worst of 200."""
    lines = []
    for name, lone in (("known spots alone", False), ("spots and a lone marble", True)):
        gain, place = bound(workshop, count, lone=lone)
        worst = 1.0 - 1.0 / 200.0
        lines.append(
            f"no fit passes, {name:<24}"
            f" gain {100 * np.median(gain):.2f}/{100 * np.quantile(gain, worst):.2f} %"
            f"  place {np.median(place):.2f}/{np.quantile(place, worst):.2f} mm"
        )
    return lines
