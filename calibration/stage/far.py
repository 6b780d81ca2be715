"""Where does a still field come from: from a marble, from beyond the play room, from steel below, from afar?

One dipole at a known place explains of twelve readings what lies in a space of three dimensions. Places all
over the play room and places outside of it, a few dozen each, are tried every frame; the board is the same
seen from four sides, so only a quarter of them is kept and the readings are turned. Steel under the board
mirrors the four stacks: one direction for each depth.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.board_model import Mounting, dipole_mt
from calibration.model import AXES, CHANNELS, SENSORS, Array
from geometry import BoardGeometry
from graphs.stateful import const, shape_const

# Heights of a hand's marbles over the board, and where no hand plays: beside it and below its table, mm.
INSIDE_Z, BESIDE_Z, BELOW_Z = (7.5, 35.0, 80.0, 150.0), (-60.0, 20.0), (-85.0, -130.0)
INSIDE_MM, BESIDE_MM = 118.0, (180.0, 250.0)
STEEL_MM = (55.0, 65.0, 80.0, 100.0, 125.0, 150.0)
QUARTERS = 4


@dataclass(frozen=True)
class Explained:
    """[] each: parts 0..1 of a field's squares that something explains.

    Marbles on the board, a magnet outside of it, steel below, a field that is the same everywhere.
    """

    inside: Var
    outside: Var
    steel: Var
    alike: Var


def explain(row: Var, squares: Var) -> Explained:
    """Of a still field [1, 12] mT in the board's axes, whose sum of squares is `squares` []."""
    turned = op.reshape(op.matmul(row, const(_turns())), shape_const([QUARTERS, CHANNELS]))
    even = op.max([squares, const(1e-12)])

    def best(bank: Array, dimensions: int) -> Var:
        parts = op.matmul(turned, const(bank))
        each = op.reshape(op.mul(parts, parts), shape_const([-1, dimensions]))
        sums = op.reduce_sum(each, shape_const([1]), keepdims=0)
        return op.div(op.reduce_max(sums, keepdims=0), even)

    same = np.tile(np.eye(AXES), (SENSORS, 1)) / np.sqrt(SENSORS)
    return Explained(best(inside(), AXES), best(outside(), AXES), best(steel(), 1), best(same, AXES))


@cache
def _turns() -> Array:
    """[12, 48]: the readings as they would be with the board turned by 0, 90, 180 and 270 degrees."""
    points = BoardGeometry().sensors_mm()
    turns = np.zeros((CHANNELS, QUARTERS, SENSORS, AXES))
    for quarter in range(QUARTERS):
        cosine, sine = np.round([np.cos(quarter * np.pi / 2), np.sin(quarter * np.pi / 2)])
        matrix = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0], [0.0, 0.0, 1.0]])
        for sensor in range(SENSORS):
            there = np.linalg.norm(points - matrix @ points[sensor], axis=1).argmin()
            turns[sensor * AXES : (sensor + 1) * AXES, quarter, there] = matrix.T
    return turns.reshape(CHANNELS, -1)


def _bank(places_mm: Array) -> Array:
    """[12, 3 N]: for each place orthonormal readings of its dipoles."""
    points = Mounting().points_mm()
    units = [dipole_mt(places_mm, np.tile(axis, (len(places_mm), 1)), points) for axis in np.eye(AXES)]
    readings = np.stack(units, axis=-1).reshape(len(places_mm), CHANNELS, AXES)
    return np.asarray(np.linalg.qr(readings)[0].transpose(1, 0, 2).reshape(CHANNELS, -1))


def _quarter(radius_mm: float, step_mm: float) -> Array:
    """[N, 2] the middle, and a grid over the quarter of the board around sensor 3's half axis."""
    side = np.arange(0.0, radius_mm + 1.0, step_mm)
    x, y = (grid.ravel() for grid in np.meshgrid(side[1:], side))
    kept = np.hypot(x, y) <= radius_mm
    return np.concatenate([[[0.0, 0.0]], np.stack([x[kept], y[kept]], axis=1)])


def _at(flat: Array, heights: tuple[float, ...]) -> Array:
    return np.concatenate([np.c_[flat, np.full(len(flat), z)] for z in heights])


@cache
def inside() -> Array:
    """[12, 3 N] of places where marbles are played."""
    fine, coarse = _quarter(INSIDE_MM, 29.0), _quarter(INSIDE_MM, 58.0)
    return _bank(np.concatenate([_at(fine, INSIDE_Z[:2]), _at(coarse, INSIDE_Z[2:])]))


@cache
def outside() -> Array:
    """[12, 3 N] of places where no hand plays."""
    angles = np.deg2rad(np.arange(0.0, 90.0, 18.0))
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    beside = [_at(radius * ring, BESIDE_Z) for radius in BESIDE_MM]
    return _bank(np.concatenate([*beside, _at(_quarter(120.0, 40.0), BELOW_Z)]))


@cache
def steel() -> Array:
    """[12, N]: the stacks' images below planes at these depths, of length 1."""
    board, points = BoardGeometry(), Mounting().points_mm()
    images = []
    for depth in STEEL_MM:
        mirrored = board.stacks_mm() * [1.0, 1.0, -1.0] - [0.0, 0.0, 2.0 * depth]
        shown = dipole_mt(mirrored, np.tile([0.0, 0.0, 1.0], (SENSORS, 1)), points).sum(axis=0).ravel()
        images.append(shown / np.linalg.norm(shown))
    return np.asarray(np.stack(images, axis=1))
