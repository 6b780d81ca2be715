"""A field felt 3 mm too high or too low, carried to the height where the sensor should be.

A magnet's gradient is a matrix times its field, B' = T B, and T depends on where the magnet is but not on its
strength or polarity. Where it is shows, without asking, in products that a pole flip leaves alone: how strong
the sensor feels it, along which direction, and how that direction stands to the neighbours' fields. So

    B(nominal) = B + height (sum_i phi_i W_i) B,    phi_i even and bounded, log |B| apart

with one W for all sensors (each sees the board from its own attractor), found by linear least squares over
random play of one to four dipoles. It is the identity at height 0, odd under a pole flip and continuous; a
magnet's place is never solved for.
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

PLAYS, SEED, MOST_MAGNETS = 6000, 20, 4
STRENGTH_A_M2 = (0.5, 4.5)
EVEN_MT = 0.3  # relative errors count above, absolute ones below, as in the touch's compression
RIDGE = 1e-3

T = TypeVar("T", bound=np.floating[Any])


@cache
def views() -> tuple[Array, Array]:
    """[12, 36] from the board's field to what each sensor sees (itself, next, previous; attractor outward
    is +x), and [12, 12] from carried fields so seen back to the board's axes."""
    see = np.zeros((SENSORS, AXES, SENSORS, SEEN, AXES))
    back = np.zeros((SENSORS, AXES, SENSORS, AXES))
    for sensor, (x, y) in enumerate(BoardGeometry().attractors_mm()):
        cosine, sine = np.round(np.array([x, y]) / np.hypot(x, y))
        turn = np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
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
    """Fields [..., 12] in the board's axes at the sensors as they would be at the nominal heights."""
    kind = field_mt.dtype
    see, back = (matrix.astype(kind) for matrix in views())
    seen = (field_mt @ see).reshape(*field_mt.shape[:-1], SENSORS, SEEN, AXES)
    change = (terms(seen) @ carry.weights.astype(kind)) * steps(carry).astype(kind)[:, None]
    return np.asarray(field_mt + change.reshape(field_mt.shape) @ back)


def steps(carry: Carry) -> Array:
    """[4] how far each sensor's field has to be carried, in units of UNIT_MM."""
    return np.clip(carry.height_mm, -FARTHEST_MM, FARTHEST_MM) / UNIT_MM


def at_rest(carry: Carry) -> Array:
    """[12, 12] what `carried` does to fields that are as small as noise: for the dead zone."""
    tiny = 1e-6
    return np.asarray(carried(tiny * np.eye(CHANNELS), carry).T / tiny)


def carry_from(height_mm: Array) -> Carry:
    """The carry for sensors that are this much too high, [4] mm."""
    return Carry(np.asarray(height_mm, dtype=np.float64), _weights())


@cache
def _weights() -> Array:
    """[78, 3] by weighted ridge regression: relative error of what the sensors should have felt."""
    raised, nominal, height = random_play(PLAYS, SEED)
    see, _ = views()
    rows = (raised.reshape(-1, CHANNELS) @ see).reshape(-1, SEEN, AXES)
    wanted = (nominal.reshape(-1, CHANNELS) @ see).reshape(-1, SEEN, AXES)[:, 0]
    slope = terms(rows) * (height.ravel() / UNIT_MM)[:, None]
    weights = np.empty((TERMS, AXES))
    for axis in range(AXES):
        even = 1.0 / np.sqrt(0.5 * (wanted[:, axis] ** 2 + rows[:, 0, axis] ** 2) + EVEN_MT**2)
        left = slope * even[:, None]
        right = (wanted[:, axis] - rows[:, 0, axis]) * even
        weights[:, axis] = np.linalg.solve(left.T @ left + RIDGE * len(left) * np.eye(TERMS), left.T @ right)
    return weights


def random_play(count: int, seed: int, magnets: int = MOST_MAGNETS) -> tuple[Array, Array, Array]:
    """One to `magnets` balls anywhere on and over a board whose sensors are up to 3 mm too high or too low.

    Returns:
        Fields at the sensors where they are, and where they should be [N, 4, 3] mT; heights [N, 4] mm.
    """
    rng = np.random.default_rng(seed)
    height = rng.uniform(-UNIT_MM, UNIT_MM, (count, SENSORS))
    nominal = Mounting().points_mm()
    points = np.tile(nominal, (count, 1, 1))
    points[:, :, 2] += height
    playing = rng.integers(1, magnets + 1, count)
    raised, wanted = np.zeros((2, count, SENSORS, AXES))
    for number in range(magnets):
        place, moment = _thrown(rng, count)
        moment *= (number < playing)[:, None]
        raised += dipole_mt(place, moment, points)
        wanted += dipole_mt(place, moment, nominal)
    return raised, wanted, height


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
