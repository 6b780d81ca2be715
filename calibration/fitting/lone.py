"""Frames of free play in which one magnet is alone, and what they tell about the board.

Whether a frame shows one dipole is judged by the board as far as it is known: first within what a workshop's
tolerances make of a dipole, then, with the board that these frames describe, within a tenth of that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.fitting.bundle import Bundle, Sightings, bundle
from calibration.fitting.evening import filtered
from calibration.model import AXES, CHANNELS, SENSORS, Array

FRAMES = 400
# Weak frames say nothing about direction.
WEAKEST_MT = 0.3
# Part of a sensor's field that stays unexplained: on an unknown board, then on one that is getting known.
UNKNOWN, KNOWN = 0.08, (0.03, 0.012)
LONE = 2.0
FEWEST = 25
# A marble that is held above the board says little: its height is not known.
MOSTLY_LYING = 0.3
BATCH = 60
NOISE_MT = 0.01
# How far off a rest may be that was taken while a magnet lay near.
NOT_EMPTY_MT = 0.2
HIGH_MM, HIGHER_MM, LYING_MM = 12.0, 8.0, 1.0
SURE_FRAMES, SURE_MISFIT, SURE_NEAR = 50, 0.0065, 5
MOST_TURNED_RAD = np.deg2rad(30.0)
ALIKE, STRENGTH_ERROR = 0.2, 0.03
USUAL = ball_moment(15.0)
# On a board that known spots have told: more frames, a strength left open.
# Each is the mean of eight, 40 ms: a marble that rolls faster than that does not fit and is left out.
MANY_FRAMES, TOGETHER, CLEAN, SAME = 1500, 8, 1.6, 0.1
FOUND, FINE, FINE_NOISE_MT = 0.008, 0.0025, 0.0025


@dataclass(frozen=True)
class Told:
    """What lone magnets tell: the board, how many frames did, and their misfit in parts of the field.

    `strength` A m2 of the magnet; `bias_mt` [4, 3] as in `Bundle`; `near` [4] frames in which each sensor
    felt the magnet most.
    """

    mounting: Mounting
    frames: int
    misfit: float
    strength: float
    bias_mt: Array
    near: tuple[int, ...]

    @property
    def fits(self) -> bool:
        """Whether enough frames, near every sensor, agree on a board."""
        seen = self.frames >= SURE_FRAMES and min(self.near) >= SURE_NEAR
        return bool(seen and self.misfit < SURE_MISFIT)

    @property
    def sure(self) -> bool:
        """As `fits`, on a board that a workshop could have made."""
        turned = float(np.linalg.norm(self.mounting.rotation, axis=1).max())
        return bool(self.fits and turned < MOST_TURNED_RAD)


def strong_frames(played_mt: Array, count: int = FRAMES) -> Array:
    """[F, 4, 3] of [N, 12]: spread evenly over the frames in which some sensor feels a magnet."""
    field = played_mt.reshape(-1, SENSORS, AXES)
    strong = np.flatnonzero(np.linalg.norm(field, axis=2).max(axis=1) > WEAKEST_MT)
    chosen = strong[np.linspace(0, len(strong) - 1, min(count, len(strong))).astype(int)]
    return np.asarray(field[chosen])


def lone_sightings(
    field_mt: Array, board: Mounting, part: float, *, error_mt: Array | None = None
) -> tuple[Sightings, Bundle]:
    """Each frame explained by one dipole over this board, whether that is true or not.

    `part` of each sensor's field may stay unexplained, unless `error_mt` [F, 4] says how much.
    """
    error = np.hypot(NOISE_MT, part * np.linalg.norm(field_mt, axis=2)) if error_mt is None else error_mt
    places, moments = _nearest(field_mt, error, board)
    count = len(field_mt)
    seen = Sightings(
        field_mt,
        error,
        np.tile([0.0, 0.0, HIGH_MM], (count, 1)),
        np.tile([150.0, 150.0, HIGHER_MM], (count, 1)),
        moments,
        np.full(count, USUAL),
        np.full(count, 10.0),
        np.ones(count),
    )
    found = bundle(replace(seen, places_mm=np.c_[places[:, :2], np.full(count, HIGH_MM)]), board, free=False)
    return seen, found


def told_by_lone_magnets(played_mt: Array, start: Mounting | None = None) -> Told | None:
    """The board that lone magnets describe; None where too few frames show one.

    Args:
        played_mt: [N, 12] rest removed, nothing corrected.
        start: the board as far as it is known.
    """
    field = strong_frames(played_mt)
    if len(field) < FEWEST:
        return None
    told = _told(field, start or Mounting(), NOISE_MT)
    if told is not None and told.sure:
        return told
    biased = _told(field, start or Mounting(), NOT_EMPTY_MT)
    return biased if told is None or (biased is not None and biased.sure) else told


def _told(field: Array, board: Mounting, noise_mt: float) -> Told | None:
    """As `told_by_lone_magnets`; at first the rest is believed within `noise_mt` only."""
    told, bias = None, np.zeros((SENSORS, AXES))
    for part, after in zip((UNKNOWN, *KNOWN), (*KNOWN, KNOWN[-1]), strict=True):
        shown = field - bias
        error = np.hypot(noise_mt if part == UNKNOWN else NOISE_MT, part * np.linalg.norm(shown, axis=2))
        _, found = lone_sightings(shown, board, part, error_mt=error)
        lone = found.misfit < LONE
        rows = lone & _lying(found)
        if rows.sum() < max(FEWEST, MOSTLY_LYING * lone.sum()):
            return told
        usual = float(np.median(np.linalg.norm(found.moments[rows], axis=1)))
        rows &= np.abs(np.linalg.norm(found.moments, axis=1) / usual - 1.0) < ALIKE
        if rows.sum() < FEWEST:
            return told
        seen = _known_better(shown, found, usual, after).only(rows)
        together = bundle(replace(seen, weight=1.0 / (1.0 + (found.misfit[rows] / 3.0) ** 2)), board)
        board, bias = together.mounting, bias + together.bias_mt
        near = np.bincount(np.linalg.norm(shown[rows], axis=2).argmax(axis=1), minlength=SENSORS)
        misfit = float(np.median(together.misfit)) * after
        told = Told(board, int(rows.sum()), misfit, usual, bias, tuple(int(n) for n in near))
    return told


def lone_on_known_board(played_mt: Array, board: Mounting, strength: float) -> Sightings:
    """Moments in which a marble of this strength (A m2) lay alone on a board that is known well.

    Args:
        played_mt: [N, 12] rest removed, nothing corrected.
    """
    field = strong_frames(filtered(played_mt, (1.0 / TOGETHER,) * TOGETHER), MANY_FRAMES)
    size = np.linalg.norm(field, axis=2)
    _, found = lone_sightings(field, board, FOUND, error_mt=np.hypot(FINE_NOISE_MT, FOUND * size))
    alike = np.abs(np.linalg.norm(found.moments, axis=1) / strength - 1.0) < SAME
    rows = (found.misfit < CLEAN) & _lying(found) & alike
    seen = replace(
        _known_better(field, found, strength, FINE),
        error_mt=np.hypot(FINE_NOISE_MT, FINE * size),
        strength_error=np.ones(len(field)),
        weight=1.0 / (1.0 + (found.misfit / 2.0) ** 2),
    )
    return seen.only(rows)


def _lying(found: Bundle) -> npt.NDArray[np.bool_]:
    """[F] whether the magnet could be a ball of that strength that lies on the board."""
    radius = 7.5 * np.cbrt(np.linalg.norm(found.moments, axis=1) / USUAL)
    return np.asarray(np.abs(found.places_mm[:, 2] - radius) < 4.0)


def _known_better(field_mt: Array, found: Bundle, strength: float, part: float) -> Sightings:
    count = len(field_mt)
    height = 7.5 * float(np.cbrt(strength / USUAL))
    return Sightings(
        field_mt,
        np.hypot(NOISE_MT, part * np.linalg.norm(field_mt, axis=2)),
        np.c_[found.places_mm[:, :2], np.full(count, height)],
        np.tile([100.0, 100.0, LYING_MM], (count, 1)),
        found.moments,
        np.full(count, strength),
        np.full(count, STRENGTH_ERROR),
        np.ones(count),
    )


@cache
def _grid() -> Array:
    side = np.linspace(-115, 115, 13)
    axes = np.meshgrid(side, side, [7.0, 18.0, 40.0], indexing="ij")
    return np.stack(axes, axis=-1).reshape(-1, AXES)


def _nearest(field_mt: Array, error_mt: Array, board: Mounting) -> tuple[Array, Array]:
    """[F, 3] place on a grid and moment that explain each frame best."""
    grid, points, matrices = _grid(), board.points_mm(), board.matrices()
    units = np.array([dipole_mt(grid, np.tile(axis, (len(grid), 1)), points) for axis in np.eye(AXES)])
    shown = np.einsum("kij,ugkj->gkiu", matrices, units)
    squares = np.einsum("gkiu,gkiv->kguv", shown, shown).reshape(SENSORS, -1)
    by_channel = shown.reshape(len(grid), CHANNELS, AXES).transpose(1, 0, 2).reshape(CHANNELS, -1)
    even = error_mt**-2.0
    places, moments = np.empty((2, len(field_mt), AXES))
    for rows in np.array_split(np.arange(len(field_mt)), max(1, len(field_mt) // BATCH)):
        square = (even[rows] @ squares).reshape(len(rows), len(grid), AXES, AXES)
        weighted = (field_mt[rows] * even[rows][:, :, None]).reshape(len(rows), CHANNELS)
        right = (weighted @ by_channel).reshape(len(rows), len(grid), AXES)
        moment = _solved(square, right)
        best = np.argmax(np.sum(right * moment, axis=2), axis=1)
        places[rows], moments[rows] = grid[best], moment[np.arange(len(rows)), best]
    return places, moments


def _solved(square: Array, right: Array) -> Array:
    """The solution of many symmetric systems of three by Cramer's rule: [..., 3, 3] and [..., 3]."""
    a, b, c = square[..., 0, 0], square[..., 0, 1], square[..., 0, 2]
    d, e, f = square[..., 1, 1], square[..., 1, 2], square[..., 2, 2]
    inverse = np.stack(
        [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b], axis=-1
    )
    det = a * inverse[..., 0] + b * inverse[..., 1] + c * inverse[..., 2]
    x, y, z = right[..., 0], right[..., 1], right[..., 2]
    p, q, r, s, t, u = np.moveaxis(inverse, -1, 0)
    solved = np.stack([p * x + q * y + r * z, q * x + s * y + t * z, r * x + t * y + u * z], axis=-1)
    return np.asarray(solved / det[..., None])
