"""Has the room changed since the calibration? The instrument tells it in words; the sound ignores it.

A marble on the board is felt by one sensor far more than by another; the earth, a loudspeaker and a board
that was turned are felt by all four alike, a magnet beside the board or under it as no marble on it would
be, steel under the board as the mirror of the four stacks. What stands still and looks like one of these is
no music. It is counted over all the moments in which the board stands still, while one plays as well; where
nothing lies on the board the rest itself says that all is well again.
"""

from __future__ import annotations

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import AXES, SENSORS, Calibration
from calibration.stage.far import Explained, explain
from graphs.clock import Clock
from graphs.stateful import StatefulGraph, const, shape_const

SEEN_S = 2.0
"""So long one must see it: a marble on its way passes."""
LEFT_S = 6.0
"""A magnet beside the board: nobody holds one there so long without moving."""
ALIKE, LEFT, STEEL = 0.85, 0.97, 0.95
"""Part of the squares that each explains; the others must leave more than twice as much as what is told."""
NOISE_SIGMAS = 0.3
"""Of an axis, behind the smoothing: what of the squares is nothing but noise."""
CAUSES = 3


def watch_room(
    graph: StatefulGraph, clock: Clock, settled: Var, steady: Var, warming: Var, calibration: Calibration
) -> Var:
    """[4], 0 where there is none: how the room differs.

    mT of a field that is the same everywhere, kelvin since the rest was taken, mT of a magnet beside or under
    the board, mT of steel under it.

    Args:
        settled: [1, 12] mT without rest and noise, corrected. steady: [] whether no sensor shows movement.
        warming: [4] K of the chips.
    """
    field = op.reshape(settled, shape_const([SENSORS, AXES]))
    squares = op.reduce_sum(op.mul(field, field), keepdims=0)
    dead = np.reshape(calibration.response.dead_zone_mt, (SENSORS, AXES))
    beyond = op.greater(op.reduce_max(op.sub(op.abs(field), const(dead)), keepdims=0), const(0.0))
    noise = float(np.sum((NOISE_SIGMAS * calibration.rest.noise_mt) ** 2))
    seen = op.and_(_causes(explain(settled, squares), squares, noise), beyond)

    timer, well = graph.state("room changed seconds", (CAUSES,)), graph.state("room well seconds", (1,))
    longer = op.min([op.add(timer.now, clock.dt), const([2.0 * LEFT_S])])
    timer.then = op.where(steady, op.where(seen, longer, const([0.0] * CAUSES)), timer.now)
    well_longer = op.min([op.add(well.now, clock.dt), const([2.0 * SEEN_S])])
    is_well = op.reshape(op.and_(op.not_(beyond), steady), shape_const([1]))
    well.then = op.where(is_well, well_longer, const([0.0]))

    told = graph.state("room", (CAUSES,))
    long_enough = op.greater_or_equal(timer.then, const([SEEN_S, LEFT_S, SEEN_S]))
    sure = op.and_(long_enough, op.and_(seen, steady))
    any_sure = op.greater(op.reduce_max(op.cast(sure, to=np.float32), keepdims=0), const(0.5))
    cured = op.or_(op.greater_or_equal(well.then, const([SEEN_S])), any_sure)
    told.then = op.where(sure, _sizes(field), op.where(cured, const([0.0] * CAUSES), told.now))
    warm = op.reshape(op.reduce_max(op.abs(warming), keepdims=0), shape_const([1]))
    parts = [_part(told.then, 0), warm, _part(told.then, 1), _part(told.then, 2)]
    return op.concat(parts, axis=0)


def _causes(part: Explained, squares: Var, noise: float) -> Var:
    """[3] bool: alike everywhere, a magnet left near, steel. At most one is true."""
    bare = op.div(const(noise), op.max([squares, const(1e-12)]))
    left_by = {
        name: op.sub(const(1.0), getattr(part, name)) for name in ("inside", "outside", "steel", "alike")
    }
    steel = op.and_(
        op.greater(part.steel, op.sub(const(STEEL), bare)),
        op.and_(_twice(left_by, "alike", "steel"), _twice(left_by, "inside", "steel")),
    )
    alike = op.and_(op.greater_or_equal(part.alike, const(ALIKE)), op.not_(steel))
    near = op.and_(op.greater(part.outside, op.sub(const(LEFT), bare)), _twice(left_by, "inside", "outside"))
    near = op.and_(near, op.not_(op.or_(alike, steel)))
    return op.concat([op.reshape(each, shape_const([1])) for each in (alike, near, steel)], axis=0)


def _twice(left_by: dict[str, Var], other: str, this: str) -> Var:
    return op.greater(left_by[other], op.mul(left_by[this], const(2.0)))


def _sizes(field: Var) -> Var:
    """[3] mT: of the mean field; of the strongest at a sensor, twice."""
    alike = op.reduce_mean(field, axes=[0], keepdims=0)
    size = op.reshape(op.sqrt(op.reduce_sum(op.mul(alike, alike), keepdims=0)), shape_const([1]))
    each = op.reduce_sum(op.mul(field, field), shape_const([1]), keepdims=0)
    most = op.reshape(op.sqrt(op.reduce_max(each, keepdims=0)), shape_const([1]))
    return op.concat([size, most, most], axis=0)


def _part(values: Var, at: int) -> Var:
    return op.slice(values, shape_const([at]), shape_const([at + 1]), shape_const([0]))
