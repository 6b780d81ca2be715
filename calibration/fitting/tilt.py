"""The empty board already tells how the sensors tilt: the attractors' own field is known to stand upright.

A tilted sensor shows part of its 28 mT along x and y. The smallest turn that puts the measured rest back
onto the direction of the nominal board's field is a sensor's tilt; its turn about the vertical stays unknown
until known spots are measured. A stack that sits 1 mm beside its sensor looks like 2 degrees, so this is an
estimate.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from calibration.model import AXES, CHANNELS, SENSORS, Array
from geometry import BoardGeometry
from sensors.simulation.magnets import stack_field_ut

# Without a stack below there is nothing to tell from; beyond this angle it is no tilt but a fault.
LEAST_MT = 5.0
LARGEST_DEG = 8.0


def tilt_correction(offset_mt: Array, geometry: BoardGeometry | None = None) -> Array:
    """[12, 12] rotation of each sensor's axes back upright; the identity where it cannot be told."""
    board = geometry or BoardGeometry()
    nominal = stack_field_ut(board, board.sensors_mm())
    matrix = np.eye(CHANNELS)
    for sensor in range(SENSORS):
        own = slice(sensor * AXES, (sensor + 1) * AXES)
        matrix[own, own] = _turn(offset_mt[sensor], nominal[sensor])
    return matrix


def _turn(seen: Array, wanted: Array) -> Array:
    """The smallest rotation that takes the direction of `seen` to that of `wanted`."""
    size = float(np.linalg.norm(seen))
    if size < LEAST_MT:
        return np.eye(AXES)
    one, other = seen / size, wanted / np.linalg.norm(wanted)
    axis = np.cross(one, other)
    sine, cosine = float(np.linalg.norm(axis)), float(one @ other)
    angle = np.arctan2(sine, cosine)
    if np.rad2deg(angle) > LARGEST_DEG or sine < 1e-12:
        return np.eye(AXES)
    return np.asarray(Rotation.from_rotvec(axis / sine * angle).as_matrix())
