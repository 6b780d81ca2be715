"""Fields of magnets: stacks, discs and rings as cylinders (magpylib), balls as dipoles, which they are."""

from __future__ import annotations

import math
from typing import Any

import magpylib
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from geometry import BoardGeometry

Array = NDArray[np.float64]
UT = 1e6
MU0 = 4e-7 * math.pi
THERMAL_PER_K = -0.0012
"""Relative change of a neodymium magnet's remanence for each kelvin."""


def stack_field_ut(geometry: BoardGeometry, points_mm: Array) -> Array:
    """Field of the four stacks, [N, 3] µT at [N, 3] mm."""
    total = np.zeros((len(points_mm), 3))
    for centre in geometry.stacks_mm():
        total += cylinder_field_ut(
            geometry.stack_diameter_mm, geometry.stack_height_mm, geometry.remanence_t, points_mm - centre
        )
    return total


def ball_field_ut(
    diameter_mm: float, remanence_t: float, centres_mm: Array, poles: Array, points_mm: Array
) -> Array:
    """Field of a uniformly magnetised ball, which outside is that of a dipole of moment V·Br/µ0.

    Args:
        centres_mm: [N, 3] path of the centre.
        poles: [N, 3] unit vectors of the magnetisation.
        points_mm: [K, 3].

    Returns:
        [N, K, 3] µT. Inside the ball (no sensor gets there) the field of its surface is given.
    """
    radius_m = diameter_mm * 0.5e-3
    moment = 4.0 / 3.0 * math.pi * radius_m**3 * remanence_t / MU0
    offset = (points_mm[None] - centres_mm[:, None]) * 1e-3
    distance = np.maximum(np.linalg.norm(offset, axis=-1, keepdims=True), radius_m)
    unit = offset / distance
    along = np.sum(unit * poles[:, None], axis=-1, keepdims=True)
    return np.asarray(UT * 1e-7 * moment * (3.0 * unit * along - poles[:, None]) / distance**3)


def ring_field_ut(
    size_mm: tuple[float, float, float], remanence_t: float, centres_mm: Array, poles: Array, points_mm: Array
) -> Array:
    """Field of an axially magnetised disc, or of a ring: the outer disc less the inner one.

    Args:
        size_mm: outer diameter, inner diameter (0 for a disc), height.
        centres_mm: [N, 3] path of the centre.
        poles: [N, 3] unit vectors of axis and magnetisation.
        points_mm: [K, 3].

    Returns:
        [N, K, 3] µT.
    """
    outer, inner, height = size_mm
    turns = _turning_z_to(poles)
    local = np.stack([turns.inv().apply(point - centres_mm) for point in points_mm], axis=1)
    flat = local.reshape(-1, 3)
    field = cylinder_field_ut(outer, height, remanence_t, flat)
    if inner > 0.0:
        field -= cylinder_field_ut(inner, height, remanence_t, flat)
    field = field.reshape(local.shape)
    return np.stack([turns.apply(field[:, k]) for k in range(len(points_mm))], axis=1)


def cylinder_field_ut(diameter_mm: float, height_mm: float, remanence_t: float, points_mm: Array) -> Array:
    """Field of an upright, axially magnetised cylinder, [N, 3] µT at [N, 3] mm from its centre."""
    cylinder: Any = magpylib.magnet.Cylinder(  # type: ignore[no-untyped-call]
        dimension=(diameter_mm * 1e-3, height_mm * 1e-3), polarization=(0.0, 0.0, remanence_t)
    )
    return np.asarray(cylinder.getB(points_mm * 1e-3), dtype=np.float64).reshape(-1, 3) * UT


def _turning_z_to(poles: Array) -> Rotation:
    """For each pole the shortest rotation that takes +z there."""
    axis = np.cross(np.array([0.0, 0.0, 1.0]), poles)
    sine = np.linalg.norm(axis, axis=1)
    angle = np.arctan2(sine, poles[:, 2])
    safe = np.where(sine[:, None] > 1e-12, axis / np.maximum(sine, 1e-12)[:, None], np.array([1.0, 0.0, 0.0]))
    return Rotation.from_rotvec(safe * angle[:, None])
