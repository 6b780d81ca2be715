"""The board and the magnets that were seen over it, found together.

In a frame with one magnet twelve readings meet six unknowns (its place and its moment), so many such frames
tell about the sensors: three by three numbers that turn a field into what the chip shows, and where it sits.
Damped Gauss-Newton with priors; the frames' own unknowns are eliminated (Schur complement), so a step costs
one small system of each frame and one of 60 for the board. A rest that was taken while something lay near
adds the same to every frame: it is found as well.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from calibration.board_model import Mounting, dipole_mt
from calibration.model import AXES, CHANNELS, SENSORS, Array

# Priors (standard deviations): what a board out of the workshop is like.
GAIN_SPREAD, ROTATION_SPREAD_RAD, CROSS_SPREAD = 0.07, np.deg2rad(4.0), 0.007
SHIFT_SPREAD_MM = np.array([1.0, 1.0, 2.0])
BIAS_SPREAD_MT = 0.03
OF_SENSOR, OF_FRAME = 15, 6
SCALE = np.array(
    [GAIN_SPREAD] * 3
    + [ROTATION_SPREAD_RAD] * 3
    + [CROSS_SPREAD] * 3
    + [*SHIFT_SPREAD_MM]
    + [BIAS_SPREAD_MT] * 3
)
STEPS, ENOUGH = 12, 1e-3
NUDGE = 1e-5


@dataclass(frozen=True)
class Sightings:
    """Frames of one magnet each.

    Attributes:
        field_mt: [F, 4, 3] what the chips show more than on the empty board; error_mt: [F, 4] how well known.
        places_mm: [F, 3] where the magnet is thought to be; places_error_mm: [F, 3] and how surely.
        moments: [F, 3] A m2, to begin with.
        strength: [F] how long they are, and strength_error [F] within what part.
        weight: [F] how much each frame counts.
    """

    field_mt: Array
    error_mt: Array
    places_mm: Array
    places_error_mm: Array
    moments: Array
    strength: Array
    strength_error: Array
    weight: Array

    def only(self, rows: npt.NDArray[np.bool_]) -> Sightings:
        """These frames."""
        return Sightings(**{part.name: getattr(self, part.name)[rows] for part in fields(self)})

    def and_these(self, more: Sightings) -> Sightings:
        """Both, one behind the other."""
        names = [part.name for part in fields(self)]
        both = {name: np.concatenate([getattr(self, name), getattr(more, name)]) for name in names}
        return Sightings(**both)


@dataclass(frozen=True)
class Bundle:
    """What was found: the board, and of each frame place [F, 3], moment [F, 3] and misfit [F] (about 1).

    `bias_mt` [4, 3] is what every frame shows too much: the rest was not the empty board's.
    """

    mounting: Mounting
    places_mm: Array
    moments: Array
    misfit: Array
    bias_mt: Array


def mounting_of(unknowns: Array) -> Mounting:
    """From scaled unknowns [4, 15]."""
    own = unknowns * SCALE
    return Mounting(np.exp(own[:, :3]), own[:, 3:6], own[:, 11], own[:, 9:11], own[:, 6:9])


def unknowns_of(mounting: Mounting) -> Array:
    """The scaled unknowns [4, 15] of a board."""
    parts = [
        np.log(mounting.gain),
        mounting.rotation,
        mounting.cross,
        mounting.shift_mm,
        np.zeros((SENSORS, AXES)),
    ]
    return np.asarray(np.concatenate(parts, axis=1) / SCALE)


def bundle(seen: Sightings, start: Mounting | None = None, *, free: bool = True) -> Bundle:
    """Board and magnets; `free` False leaves the board as it is and looks for the magnets only."""
    board = np.zeros((SENSORS, OF_SENSOR)) if start is None else unknowns_of(start)
    places, moments = seen.places_mm.copy(), seen.moments.copy()
    damping = np.full(len(places), 1e-3)
    cost, _ = _cost(seen, board, places, moments)
    for _ in range(STEPS):
        board_step, frame_step = _step(seen, board, places, moments, damping, free)
        tried = (board + board_step, places + frame_step[:, :3], moments + _sized(seen, frame_step))
        fresh, _ = _cost(seen, *tried)
        better = np.full(len(places), fresh.sum() < cost.sum()) if free else fresh < cost
        damping = np.clip(np.where(better, damping * 0.2, damping * 10.0), 1e-6, 1e8)
        gained = float(np.sum((cost - fresh)[better]))
        if better.any():
            board = tried[0] if free else board
            places, moments = np.where(better[:, None], [tried[1], tried[2]], [places, moments])
            cost = np.where(better, fresh, cost)
            if gained < ENOUGH * (1.0 + float(cost.sum())):
                break
    _, misfit = _cost(seen, board, places, moments)
    return Bundle(mounting_of(board), places, moments, misfit, board[:, 12:] * BIAS_SPREAD_MT)


def _sized(seen: Sightings, step: Array) -> Array:
    return np.asarray(step[:, 3:] * seen.strength[:, None])


def _residuals(seen: Sightings, board: Array, places: Array, moments: Array) -> tuple[Array, Array, Array]:
    """Weighted misfit of the readings [F, 12], of the places [F, 3], of the strengths [F]."""
    mounting = mounting_of(board)
    shown = mounting.shows(dipole_mt(places, moments, mounting.points_mm()))
    shown = shown + board[:, 12:] * BIAS_SPREAD_MT
    readings = ((shown - seen.field_mt) / seen.error_mt[:, :, None]).reshape(-1, CHANNELS)
    beside = (places - seen.places_mm) / seen.places_error_mm
    strength = (np.linalg.norm(moments, axis=1) / seen.strength - 1.0) / seen.strength_error
    return readings, beside, strength


def _cost(seen: Sightings, board: Array, places: Array, moments: Array) -> tuple[Array, Array]:
    """[F] cost of each frame (the board's priors spread over them), [F] root mean square of its readings."""
    readings, beside, strength = _residuals(seen, board, places, moments)
    of_frame = seen.weight * (np.sum(readings**2, axis=1) + np.sum(beside**2, axis=1) + strength**2)
    prior = np.sum(board**2) / len(places)
    return of_frame + prior, np.sqrt(np.mean(readings**2, axis=1))


def _step(
    seen: Sightings, board: Array, places: Array, moments: Array, damping: Array, free: bool
) -> tuple[Array, Array]:
    """Change of the board [4, 15] and of the frames [F, 6] (mm, and moments in units of the strength)."""
    readings, beside, strength = _residuals(seen, board, places, moments)
    frame = _frame_slopes(seen, board, places, moments)
    root = np.sqrt(seen.weight)[:, None]
    along = moments / np.linalg.norm(moments, axis=1, keepdims=True) / seen.strength_error[:, None]
    own = frame.transpose(0, 2, 1) @ frame
    own[:, range(3), range(3)] += seen.places_error_mm**-2.0
    own[:, 3:, 3:] += along[:, :, None] * along[:, None, :]
    right = np.einsum("fai,fa->fi", frame, readings)
    right[:, :3] += beside / seen.places_error_mm
    right[:, 3:] += along * strength[:, None]
    own[:, range(6), range(6)] *= 1.0 + damping[:, None]
    if not free:
        return np.zeros((SENSORS, OF_SENSOR)), -np.linalg.solve(own, right[..., None])[..., 0]
    sensor = _sensor_slopes(seen, board, places, moments, frame)
    per_sensor = frame.reshape(-1, SENSORS, AXES, OF_FRAME).transpose(0, 1, 3, 2) @ sensor
    mixed = per_sensor.transpose(0, 2, 1, 3).reshape(len(places), OF_FRAME, -1)
    solved = np.linalg.solve(own, np.concatenate([mixed, right[..., None]], axis=2))
    size = SENSORS * OF_SENSOR
    whole = np.eye(size) * (1.0 + damping[0])
    weighted = sensor * root[:, :, None, None]
    for k in range(SENSORS):
        part = slice(k * OF_SENSOR, (k + 1) * OF_SENSOR)
        rows = weighted[:, k].reshape(-1, OF_SENSOR)
        whole[part, part] += rows.T @ rows
    by_weight = (seen.weight[:, None, None] * mixed).reshape(-1, size)
    whole -= by_weight.T @ solved[:, :, :-1].reshape(-1, size)
    pull = np.einsum("fkai,fka->ki", weighted, root[:, :, None] * readings.reshape(-1, SENSORS, AXES)).ravel()
    pull += board.ravel()
    pull -= solved[:, :, -1].ravel() @ by_weight
    change = -np.linalg.solve(whole, pull)
    return change.reshape(SENSORS, OF_SENSOR), -(solved[:, :, -1] + solved[:, :, :-1] @ change)


def _frame_slopes(seen: Sightings, board: Array, places: Array, moments: Array) -> Array:
    """Of the weighted readings by the frame's unknowns [F, 12, 6]."""
    mounting = mounting_of(board)
    points, matrices = mounting.points_mm(), mounting.matrices()
    base = dipole_mt(places, moments, points)
    slopes = []
    for nudge in 1e-3 * np.eye(AXES):
        slopes.append((dipole_mt(places + nudge, moments, points) - base) / 1e-3)
    for unit in np.eye(AXES):
        slopes.append(dipole_mt(places, seen.strength[:, None] * unit, points))
    shown = np.einsum("kij,ufkj->fkiu", matrices, np.array(slopes)) / seen.error_mt[:, :, None, None]
    return np.asarray(shown.reshape(len(places), CHANNELS, OF_FRAME))


def _sensor_slopes(seen: Sightings, board: Array, places: Array, moments: Array, frame: Array) -> Array:
    """Of the weighted readings by each sensor's own unknowns [F, 4, 3, 15]."""
    mounting = mounting_of(board)
    base, matrices = dipole_mt(places, moments, mounting.points_mm()), mounting.matrices()
    changes = []
    for number in range(9):
        nudged = board.copy()
        nudged[:, number] += NUDGE
        changes.append((mounting_of(nudged).matrices() - matrices) / NUDGE)
    even = 1.0 / seen.error_mt[:, :, None, None]
    turned = np.einsum("ukij,fkj->fkiu", np.array(changes), base) * even
    moved = -frame.reshape(len(places), SENSORS, AXES, OF_FRAME)[..., :AXES] * SHIFT_SPREAD_MM
    biased = BIAS_SPREAD_MT * np.eye(AXES) * even
    return np.concatenate([turned, moved, np.broadcast_to(biased, moved.shape)], axis=3)


def moments_at(field_mt: Array, error_mt: Array, places_mm: Array, mounting: Mounting) -> Array:
    """[F, 3] A m2: the moments that explain fields [F, 4, 3] best from these places [F, 3]."""
    points, matrices = mounting.points_mm(), mounting.matrices()
    count = len(places_mm)
    units = [dipole_mt(places_mm, np.tile(axis, (count, 1)), points) for axis in np.eye(AXES)]
    shown = np.einsum("kij,ufkj->fkiu", matrices, np.array(units)) / error_mt[:, :, None, None]
    rows = shown.reshape(count, CHANNELS, AXES)
    wanted = (field_mt / error_mt[:, :, None]).reshape(count, CHANNELS)
    square = np.einsum("fai,faj->fij", rows, rows) + 1e-12 * np.eye(AXES)
    return np.asarray(np.linalg.solve(square, np.einsum("fai,fa->fi", rows, wanted)[..., None])[..., 0])
