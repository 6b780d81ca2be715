"""From corrected field to touch: dead zone, compression of each sensor's field, a limit without an edge."""

from __future__ import annotations

import numpy.typing as npt
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import AXES, CHANNELS, SENSORS
from graphs.stateful import const, shape_const

# Touch up to here is left alone; beyond, it bends towards 1 and never arrives.
STRAIGHT_TO = 0.85
# A field of so many knees is worth half of what the strongest could be.
HALF_KNEES = 4.0


def dead_zone(value: Var, width: npt.ArrayLike) -> Var:
    """sign(x) max(|x| - width, 0): noise about the rest is silence, and the edge is continuous."""
    inside = op.max([op.min([value, const(width)]), op.neg(const(width))])
    return op.sub(value, inside)


def compress(value: Var, reach: npt.ArrayLike, knee: Var) -> Var:
    """[12] of [12] mT: each sensor's field, shortened and not turned: b / (|b| + half), 1 at the reach.

    `half` is HALF_KNEES knees: straight below the knee, then ever flatter. The length of all three axes
    counts: were each axis bent by itself, the touch would leap where one of them crosses zero, above all
    over the middle of a ring. `lodestone calibration evenness` shows what a millimetre is worth where.
    """
    field = op.reshape(value, shape_const([SENSORS, AXES]))
    size = op.sqrt(op.reduce_sum(op.mul(field, field), shape_const([1]), keepdims=1))
    half = op.mul(knee, const(HALF_KNEES))
    even = op.reshape(op.div(field, op.add(size, half)), shape_const([CHANNELS]))
    return op.mul(even, op.add(const(1.0), op.div(half, const(reach))))


def soft_limit(value: Var) -> Var:
    """Identity up to STRAIGHT_TO, then a tanh of the same slope that stays inside -1..1."""
    room = 1.0 - STRAIGHT_TO
    core = op.clip(value, const(-STRAIGHT_TO), const(STRAIGHT_TO))
    bent = op.tanh(op.div(op.sub(value, core), const(room)))
    return op.add(core, op.mul(bent, const(room)))
