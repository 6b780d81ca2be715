"""Fields carried to the nominal places of the sensors, as graph: `calibration.carry` says what and why."""

from __future__ import annotations

import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.carry import FEATURES, LOG_SCALE, SEEN, SOFT_MT, SQUARES, TERMS, flat_weights, steps, views
from calibration.model import AXES, CHANNELS, SENSORS, Carry
from graphs.stateful import const, shape_const


def carry_to_places(row: Var, carry: Carry) -> Var:
    """[1, 12] mT as the sensors would feel it at their nominal places."""
    see, back = views()
    seen = op.reshape(op.matmul(row, const(see)), shape_const([SENSORS, SEEN, AXES]))
    slopes = op.matmul(_terms(seen), const(flat_weights(carry)))
    ways = op.mul(op.reshape(slopes, shape_const([SENSORS, AXES, AXES])), const(steps(carry)[:, :, None]))
    scaled = op.reduce_sum(ways, shape_const([1]), keepdims=0)
    return op.add(row, op.matmul(op.reshape(scaled, shape_const([1, CHANNELS])), const(back)))


def _terms(seen: Var) -> Var:
    """[4, 78]: every feature times every axis of a sensor's own field."""
    square = op.reduce_sum(op.mul(seen, seen), shape_const([2]), keepdims=1)
    soft = op.add(square, const(SOFT_MT**2))
    unit = op.div(seen, op.sqrt(soft))
    own = op.reshape(_part(unit, 0, 1), shape_const([SENSORS, AXES]))
    others = op.reshape(_part(unit, 1, SEEN), shape_const([SENSORS, SEEN - 1, 1, AXES]))
    level = op.reshape(_part(soft, 0, 1), shape_const([SENSORS, 1]))
    one, other = (op.gather(own, shape_const(axes), axis=1) for axes in zip(*SQUARES, strict=True))
    mixed = op.mul(op.reshape(own, shape_const([SENSORS, 1, AXES, 1])), others)
    parts = [
        const([[1.0]] * SENSORS),
        op.mul(op.log(level), const(LOG_SCALE)),
        op.mul(one, other),
        op.reshape(mixed, shape_const([SENSORS, -1])),
    ]
    features = op.reshape(op.concat(parts, axis=1), shape_const([SENSORS, FEATURES, 1]))
    products = op.mul(features, _part(seen, 0, 1))
    return op.reshape(products, shape_const([SENSORS, TERMS]))


def _part(values: Var, begin: int, end: int) -> Var:
    """A range of what each sensor sees: [4, end - begin, ...]."""
    return op.slice(values, shape_const([begin]), shape_const([end]), shape_const([1]))
