"""Has the room changed since the calibration? The instrument tells it in words; the sound ignores it.

A marble on the board is felt by one sensor far more than by another; the earth, a loudspeaker, steel that was
moved and a board that was turned are felt by all four alike. What stands still and is alike on all is no
music. Where nothing plays the rest itself says that all is well again.
"""

from __future__ import annotations

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import AXES, CHANNELS, SENSORS, Calibration
from graphs.clock import Clock
from graphs.stateful import StatefulGraph, const, shape_const

SEEN_S = 2.0
"""So long one must see it: a marble on its way passes."""
ALIKE = 0.85
"""Part of the squares that a field which is the same on all four sensors explains."""


def watch_room(
    graph: StatefulGraph, clock: Clock, settled: Var, steady: Var, warming: Var, calibration: Calibration
) -> Var:
    """[2]: the field in mT by which the room differs, 0 where it does not; kelvin since the calibration.

    Args:
        settled: [4, 3] mT without rest and noise. steady: [] whether no sensor shows movement.
        warming: [4] K of the chips.
    """
    row = op.reshape(settled, shape_const([1, CHANNELS]))
    if calibration.corrected:
        row = op.matmul(row, const(calibration.correction.T))
    field = op.reshape(row, shape_const([SENSORS, AXES]))
    alike = op.reduce_mean(field, axes=[0], keepdims=1)
    squares = op.reduce_sum(op.mul(field, field), keepdims=0)
    explained = op.mul(op.reduce_sum(op.mul(alike, alike), keepdims=0), const(float(SENSORS)))
    dead = np.reshape(calibration.response.dead_zone_mt, (SENSORS, AXES))
    beyond = op.greater(op.reduce_max(op.sub(op.abs(field), const(dead)), keepdims=0), const(0.0))
    far = op.and_(beyond, op.greater_or_equal(explained, op.mul(squares, const(ALIKE))))

    changed, well = graph.state("room changed seconds", (1,)), graph.state("room well seconds", (1,))
    seconds = []
    for timer, seen in ((changed, far), (well, op.not_(beyond))):
        counts = op.reshape(op.and_(seen, steady), shape_const([1]))
        longer = op.min([op.add(timer.now, clock.dt), const([2.0 * SEEN_S])])
        seconds.append(op.where(counts, longer, const([0.0])))
    changed.then, well.then = seconds
    told = graph.state("room", (1,))
    size = op.reshape(op.sqrt(op.reduce_sum(op.mul(alike, alike), keepdims=0)), shape_const([1]))
    kept = op.where(op.greater_or_equal(seconds[1], const([SEEN_S])), const([0.0]), told.now)
    told.then = op.where(op.greater_or_equal(seconds[0], const([SEEN_S])), size, kept)
    warm = op.reshape(op.reduce_max(op.abs(warming), keepdims=0), shape_const([1]))
    return op.concat([told.then, warm], axis=0)
