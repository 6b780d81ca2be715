"""Rings: y = P M(rho) u, each attractor listening within a drawn ring, hearing what falls into both rings.

M_kl = L(d_kl) / (pi rho^2) is the part of ring k that ring l covers, with the area of two overlapping discs

    L(d) = 2 rho^2 acos(d / 2 rho) - (d / 2) sqrt(4 rho^2 - d^2)   for d < 2 rho, else 0

and M_kk = 1; each row is scaled to unit length. Up to a radius of 46 mm the rings do not meet and this is the
wire; then neighbours join, from 65 mm on opposites too, and in the end all four attractors are one. Unlike
Rotate, which only turns, this blurs: information is lost, and one magnet moves more.

The live radius needs no acos in the graph: the two overlaps that occur (neighbours, opposites) are tables.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import AXES, CHANNELS, SENSORS
from geometry import BoardGeometry
from graphs.clock import Clock
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const, shape_const
from mapping.channels import wiring
from mapping.seeded import settled

Array = npt.NDArray[np.float64]

IN_WORDS = "blur: attractors hear each other as their rings overlap"
_ATTRACTORS_MM = BoardGeometry().attractors_mm()
NEIGHBOUR_MM, OPPOSITE_MM = (float(np.linalg.norm(_ATTRACTORS_MM[0] - _ATTRACTORS_MM[k])) for k in (1, 2))
# From the disc that is drawn on the board to far beyond it; by default the largest drawn ring.
RADIUS = Knob(27.3, 200.0, 50.7, "mm")
TABLE_MM = np.concatenate([[RADIUS.minimum], np.linspace(45.9, 70.0, 49), np.linspace(72.0, 200.0, 65)])


def overlap(radius_mm: Array, distance_mm: float) -> Array:
    """Part of a ring's disc that another at this distance covers, 0..1."""
    radius = np.maximum(radius_mm, distance_mm / 2.0)
    area = 2.0 * radius**2 * np.arccos(distance_mm / (2.0 * radius))
    area -= distance_mm / 2.0 * np.sqrt(np.maximum(4.0 * radius**2 - distance_mm**2, 0.0))
    return np.asarray(area / (np.pi * radius**2))


def build(graph: StatefulGraph, clock: Clock, touch: Var, latents: int, seed: int) -> Var:
    """y [Z] for touch [12], with the live knob `radius`; the seed changes nothing here."""
    del seed
    radius = glide(graph, clock, "radius", RADIUS)
    neighbour, opposite = (_table(radius, distance) for distance in (NEIGHBOUR_MM, OPPOSITE_MM))
    column = op.reshape(touch, shape_const([CHANNELS, 1]))
    wire = wiring(latents)[:latents]
    beside = np.roll(np.eye(SENSORS), 1, axis=1) + np.roll(np.eye(SENSORS), -1, axis=1)
    across = np.roll(np.eye(SENSORS), 2, axis=1)
    parts = [
        op.reshape(op.matmul(const(wire @ np.kron(hears, np.eye(AXES))), column), shape_const([latents]))
        for hears in (np.eye(SENSORS), beside, across)
    ]
    square = op.add(op.mul(op.mul(neighbour, neighbour), const(2.0)), op.mul(opposite, opposite))
    length = op.sqrt(op.add(const(1.0), square))
    mixed = op.add(op.mul(neighbour, parts[1]), op.mul(opposite, parts[2]))
    return op.div(op.add(parts[0], mixed), length)


def lipschitz(latents: int, seed: int, knobs: Mapping[str, float]) -> float:
    """The bound of y against touch, the norm of P M(rho); between two radii of the table a little below it.

    For M is the same for each axis, its norm is that of what the attractors hear of one another.
    """
    del seed
    radius = np.array([knobs.get("radius", RADIUS.default)])
    near, far = float(overlap(radius, NEIGHBOUR_MM)[0]), float(overlap(radius, OPPOSITE_MM)[0])
    heard = (1.0 + 2.0 * near + far) / float(np.sqrt(1.0 + 2.0 * near**2 + far**2))
    return heard * float(np.linalg.norm(wiring(latents)[:latents], 2))


def _table(radius: Var, distance_mm: float) -> Var:
    """The overlap at a live radius, shape [1], between the values of the table."""
    values = settled(overlap(TABLE_MM, distance_mm))
    width = np.diff(TABLE_MM)
    inside = op.max([op.min([op.sub(radius, const(TABLE_MM[:-1])), const(width)]), const(0.0)])
    return op.reduce_sum(op.mul(inside, const(np.diff(values) / width)), shape_const([0]), keepdims=1)
