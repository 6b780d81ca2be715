"""The field of a ball at four sensors that are not quite where and how they should be.

Positions in mm in the board's axes (0, 0, 0 = centre of the playing surface), moments in A m2, fields in mT.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from scipy.spatial.transform import Rotation

from calibration.model import AXES, CHANNELS, SENSORS, Array
from geometry import BoardGeometry

MU0 = 4e-7 * math.pi
# The pairs of axes of `Mounting.cross`.
CROSSED = ((0, 1), (0, 2), (1, 2))


def ball_moment(diameter_mm: float, remanence_t: float = 1.30) -> float:
    """Moment of a uniformly magnetised ball: volume times remanence over mu0; 1.83 A m2 for 15 mm of N42."""
    return math.pi / 6.0 * (diameter_mm * 1e-3) ** 3 * remanence_t / MU0


def dipole_mt(position_mm: Array, moment: Array, points_mm: Array) -> Array:
    """B = (mu0 / 4 pi) (3 u (u m) - m) / r^3, u from magnet to point.

    Args:
        position_mm: [..., 3]; moment: [..., 3]; points_mm: [K, 3].

    Returns:
        [..., K, 3] mT.
    """
    way = (points_mm - position_mm[..., None, :]) * 1e-3
    square = np.sum(way * way, axis=-1, keepdims=True)
    along = np.sum(way * moment[..., None, :], axis=-1, keepdims=True)
    return np.asarray(1e-4 * (3.0 * way * along / square - moment[..., None, :]) / square**1.5)


@dataclass(frozen=True)
class Mounting:
    """How the four sensors really sit.

    Attributes:
        gain: [4, 3] what the chip shows for 1 mT along its own axes.
        rotation: [4, 3] rotation vectors in radians that turn a board field into chip axes.
        height_mm: [4] above the nominal place.
        sideways_mm: [4, 2] beside the nominal place, along the board's x and y.
        cross: [4, 3] what axes x y, x z, y z show of each other: chip axes that are not square.
    """

    gain: Array = field(default_factory=lambda: np.ones((SENSORS, AXES)))
    rotation: Array = field(default_factory=lambda: np.zeros((SENSORS, AXES)))
    height_mm: Array = field(default_factory=lambda: np.zeros(SENSORS))
    sideways_mm: Array = field(default_factory=lambda: np.zeros((SENSORS, 2)))
    cross: Array = field(default_factory=lambda: np.zeros((SENSORS, AXES)))

    @property
    def shift_mm(self) -> Array:
        """[4, 3] from each sensor's nominal place to its own."""
        return np.concatenate([self.sideways_mm, self.height_mm[:, None]], axis=1)

    def points_mm(self, geometry: BoardGeometry | None = None) -> Array:
        """[4, 3] where the sensors are."""
        return np.asarray((geometry or BoardGeometry()).sensors_mm().astype(np.float64) + self.shift_mm)

    def matrices(self) -> Array:
        """[4, 3, 3] from a field in the board's axes to what each chip shows."""
        turns = Rotation.from_rotvec(self.rotation).as_matrix()
        mixed = np.tile(np.eye(AXES), (SENSORS, 1, 1))
        for number, (one, other) in enumerate(CROSSED):
            mixed[:, one, other] = mixed[:, other, one] = self.cross[:, number]
        return np.asarray(self.gain[:, :, None] * np.einsum("kij,kjl->kil", mixed, turns))

    def shows(self, board_mt: Array) -> Array:
        """What the chips show for fields [..., 4, 3] in the board's axes at the sensors."""
        return np.asarray(np.einsum("kij,...kj->...ki", self.matrices(), board_mt))

    def correction(self) -> Array:
        """[12, 12]: from what the chips show back to the board's axes in mT."""
        matrix = np.zeros((CHANNELS, CHANNELS))
        for sensor, shown in enumerate(self.matrices()):
            own = slice(sensor * AXES, sensor * AXES + AXES)
            matrix[own, own] = np.linalg.inv(shown)
        return matrix
