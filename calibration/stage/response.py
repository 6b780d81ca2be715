"""From corrected field to touch: dead zone, compression over four decades, a limit without an edge."""

from __future__ import annotations

import numpy.typing as npt
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.stateful import const

# Touch up to here is left alone; beyond, it bends towards 1 and never arrives.
STRAIGHT_TO = 0.85


def dead_zone(value: Var, width: npt.ArrayLike) -> Var:
    """sign(x) max(|x| - width, 0): noise about the rest is silence, and the edge is continuous."""
    inside = op.max([op.min([value, const(width)]), op.neg(const(width))])
    return op.sub(value, inside)


def compress(value: Var, reach: npt.ArrayLike, knee: Var) -> Var:
    """asinh(x / knee) / asinh(reach / knee): straight below the knee, logarithmic above, 1 at the reach.

    A magnet's field falls with the cube of distance; its logarithm is what a hand can play.
    """
    return op.div(op.asinh(op.div(value, knee)), op.asinh(op.div(const(reach), knee)))


def soft_limit(value: Var) -> Var:
    """Identity up to STRAIGHT_TO, then a tanh of the same slope that stays inside -1..1."""
    room = 1.0 - STRAIGHT_TO
    core = op.clip(value, const(-STRAIGHT_TO), const(STRAIGHT_TO))
    bent = op.tanh(op.div(op.sub(value, core), const(room)))
    return op.add(core, op.mul(bent, const(room)))
