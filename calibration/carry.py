"""A field felt a few millimetres off, carried to the place where the sensor should be.

A magnet's gradient is a matrix times its field, B' = T B, and T depends on where the magnet is but not on its
strength or polarity. Where it is shows, without asking, in products that a pole flip leaves alone: how strong
the sensor feels it, along which direction, and how that direction stands to the neighbours' fields. So

    B(nominal) = B + sum_d shift_d (sum_i phi_i W_id) B,    phi_i even and bounded, log |B| apart

for shifts outward, along the ring and up, with the same W for all sensors (each sees the board from its own
attractor), found by linear least squares over random play of one to four dipoles. It is the identity without
a shift, odd under a pole flip and continuous; a magnet's place is never solved for.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from calibration.board_model import Mounting, dipole_mt
from calibration.model import AXES, CHANNELS, SENSORS, Array, Carry
from geometry import BoardGeometry
from sensors.simulation.magnets import stack_field_ut

# Fields below this have no direction yet: the features fade in.
SOFT_MT = 0.1
LOG_SCALE = 0.25
# Own field, and those of the neighbours to the right and to the left, seen from the board's centre.
SEEN = 3
SQUARES = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
FEATURES = 1 + 1 + len(SQUARES) + (SEEN - 1) * AXES * AXES
TERMS = FEATURES * AXES
UNIT_MM = 3.0
# Farther out than the workshop's tolerance the slope is no longer known.
FARTHEST_MM = 4.0
SPREAD_MM = np.array([1.5, 1.5, 3.0])

PLAYS, SEED, MOST_MAGNETS = 6000, 20, 4
STRENGTH_A_M2 = (0.5, 4.5)
EVEN_MT = 1.2  # an error counts by what the touch's compression makes of it: four knees of 0.3 mT
RIDGE = 1e-3

T = TypeVar("T", bound=np.floating[Any])


@cache
def outward() -> Array:
    """[4, 3, 3] from the board's axes to outward, along the ring and up, at each sensor."""
    turns = np.zeros((SENSORS, AXES, AXES))
    for sensor, (x, y) in enumerate(BoardGeometry().attractors_mm()):
        cosine, sine = np.round(np.array([x, y]) / np.hypot(x, y))
        turns[sensor] = [[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]]
    return turns


@cache
def views() -> tuple[Array, Array]:
    """[12, 36] from the board's field to what each sensor sees (itself, next, previous; attractor outward
    is +x), and [12, 12] from carried fields so seen back to the board's axes."""
    see = np.zeros((SENSORS, AXES, SENSORS, SEEN, AXES))
    back = np.zeros((SENSORS, AXES, SENSORS, AXES))
    for sensor, turn in enumerate(outward()):
        for number, step in enumerate((0, 1, SENSORS - 1)):
            see[(sensor + step) % SENSORS, :, sensor, number] = turn.T
        back[sensor, :, sensor] = turn
    return see.reshape(CHANNELS, -1), back.reshape(CHANNELS, CHANNELS)


def terms(seen_mt: npt.NDArray[T]) -> npt.NDArray[T]:
    """[..., 78] of what a sensor sees [..., 3, 3]: every feature times every axis of its own field."""
    kind = seen_mt.dtype.type
    square = np.sum(seen_mt * seen_mt, axis=-1) + kind(SOFT_MT**2)
    unit = seen_mt / np.sqrt(square)[..., None]
    own, others = unit[..., 0, :], unit[..., 1:, :]
    parts = [
        np.ones_like(square[..., :1]),
        np.log(square[..., :1]) * kind(LOG_SCALE),
        own[..., [one for one, _ in SQUARES]] * own[..., [other for _, other in SQUARES]],
        (own[..., None, :, None] * others[..., :, None, :]).reshape(*unit.shape[:-2], -1),
    ]
    features = np.concatenate(parts, axis=-1)
    products = features[..., :, None] * seen_mt[..., 0, None, :]
    return np.asarray(products.reshape(*features.shape[:-1], TERMS))


def carried(field_mt: npt.NDArray[T], carry: Carry) -> npt.NDArray[T]:
    """Fields [..., 12] in the board's axes at the sensors as they would be at the nominal places."""
    kind = field_mt.dtype
    see, back = (matrix.astype(kind) for matrix in views())
    seen = (field_mt @ see).reshape(*field_mt.shape[:-1], SENSORS, SEEN, AXES)
    slopes = (terms(seen) @ flat_weights(carry).astype(kind)).reshape(*seen.shape[:-2], AXES, AXES)
    change = np.sum(slopes * steps(carry).astype(kind)[:, :, None], axis=-2)
    return np.asarray(field_mt + change.reshape(field_mt.shape) @ back)


def flat_weights(carry: Carry) -> Array:
    """[78, 9]: the slopes for the three directions beside each other."""
    return np.asarray(carry.weights.transpose(1, 0, 2).reshape(TERMS, -1))


def steps(carry: Carry) -> Array:
    """[4, 3] how far each sensor's field has to be carried (outward, along, up), in units of UNIT_MM."""
    return np.clip(_seen_shift(carry.shift_mm), -FARTHEST_MM, FARTHEST_MM) / UNIT_MM


def _seen_shift(shift_mm: Array) -> Array:
    """[..., 4, 3] from the board's axes to outward, along the ring, and up."""
    return np.asarray(np.einsum("kij,...kj->...ki", outward(), shift_mm))


def at_rest(carry: Carry) -> Array:
    """[12, 12] what `carried` does to fields that are as small as noise: for the dead zone."""
    tiny = 1e-6
    return np.asarray(carried(tiny * np.eye(CHANNELS), carry).T / tiny)


def carry_from(shift_mm: npt.ArrayLike) -> Carry:
    """The carry for sensors that are this far from their places: [4, 3] mm, or [4] mm too high."""
    shift = np.asarray(shift_mm, dtype=np.float64)
    if shift.ndim == 1:
        shift = np.stack([np.zeros(SENSORS), np.zeros(SENSORS), shift], axis=1)
    return Carry(shift, _weights())


@cache
def _weights() -> Array:
    """[3, 78, 3] by weighted ridge regression: error, as the touch feels it, of what the sensors should
    have felt."""
    moved, nominal, shift = random_play(PLAYS, SEED)
    see, _ = views()
    rows = (moved.reshape(-1, CHANNELS) @ see).reshape(-1, SEEN, AXES)
    wanted = (nominal.reshape(-1, CHANNELS) @ see).reshape(-1, SEEN, AXES)[:, 0]
    way = _seen_shift(shift).reshape(-1, AXES) / UNIT_MM
    slope = (way[:, :, None] * terms(rows)[:, None, :]).reshape(len(rows), -1)
    weights = np.empty((AXES, TERMS, AXES))
    size = np.sqrt(0.5 * np.sum(wanted**2 + rows[:, 0] ** 2, axis=1))
    even = 1.0 / (size + EVEN_MT)
    for axis in range(AXES):
        left = slope * even[:, None]
        right = (wanted[:, axis] - rows[:, 0, axis]) * even
        ridge = RIDGE * len(left) * np.eye(AXES * TERMS)
        weights[:, :, axis] = np.linalg.solve(left.T @ left + ridge, left.T @ right).reshape(AXES, TERMS)
    return weights


def random_play(count: int, seed: int, magnets: int = MOST_MAGNETS) -> tuple[Array, Array, Array]:
    """One to `magnets` balls anywhere on and over a board whose sensors sit up to SPREAD_MM off.

    Returns:
        Fields at the sensors where they are, and where they should be [N, 4, 3] mT; shifts [N, 4, 3] mm.
    """
    rng = np.random.default_rng(seed)
    shift = rng.uniform(-1.0, 1.0, (count, SENSORS, AXES)) * SPREAD_MM
    nominal = Mounting().points_mm()
    points = nominal + shift
    playing = rng.integers(1, magnets + 1, count)
    raised, wanted = np.zeros((2, count, SENSORS, AXES))
    for number in range(magnets):
        place, moment = _thrown(rng, count)
        moment *= (number < playing)[:, None]
        raised += dipole_mt(place, moment, points)
        wanted += dipole_mt(place, moment, nominal)
    return raised, wanted, shift


def _thrown(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Places [N, 3] mm and moments [N, 3] A m2: most lie, poled as the attractors pull them."""
    radius = 120.0 * np.sqrt(rng.uniform(size=count)) * np.where(rng.uniform(size=count) < 0.1, 2.5, 1.0)
    angle = rng.uniform(0.0, 2.0 * np.pi, count)
    weak, strong = np.log(STRENGTH_A_M2)
    strength = np.exp(rng.uniform(weak, strong, count))
    lying = 7.5 * np.cbrt(strength / 1.83)
    lifted = np.where(rng.uniform(size=count) < 0.3, rng.exponential(25.0, count), 0.0)
    place = np.stack([radius * np.cos(angle), radius * np.sin(angle), lying + lifted], axis=1)
    along = stack_field_ut(BoardGeometry(), place)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    along *= np.where(rng.uniform(size=count) < 0.15, -1.0, 1.0)[:, None]
    free = rng.standard_normal((count, AXES))
    pole = np.where((rng.uniform(size=count) < 0.7)[:, None], along + 0.1 * free, free)
    return place, pole * (strength / np.linalg.norm(pole, axis=1))[:, None]
