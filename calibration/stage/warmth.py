"""What heat does to what the sensors show: to the empty board, and to how strongly a chip shows a marble."""

from __future__ import annotations

import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import SENSORS, Rest, Warmth
from graphs.clock import Clock
from graphs.stateful import StatefulGraph, const, shape_const


def rest_warmed(graph: StatefulGraph, clock: Clock, warming: Var, new: Var, rest: Rest) -> Var:
    """[4, 3] mT that the empty board shows more than at the calibration.

    Where a warm-up was recorded the chips' part follows their thermometers at once, the magnets' part
    later; a sensor that is `new` [4] finds its magnets as far behind as they were at the calibration.

    Args:
        warming: [4] K of the chips since the calibration.
    """
    column = op.reshape(warming, shape_const([SENSORS, 1]))
    warmth = rest.warmth
    if warmth is None:
        return op.mul(column, const(rest.tempco_mt_per_k))
    magnets = graph.state("magnets", (SENSORS,))
    towards = op.sub(op.add(warming, const(warmth.behind_k)), magnets.now)
    weight = op.div(clock.dt, op.add(clock.dt, const(warmth.lag_s)))
    moved = op.add(magnets.now, op.mul(towards, weight))
    magnets.then = op.where(new, warming, moved)
    behind = op.reshape(magnets.then, shape_const([SENSORS, 1]))
    of_magnets = op.mul(op.mul(behind, const(warmth.magnet_mt_per_k)), _sensitive(warming, warmth))
    return op.add(op.mul(column, const(warmth.chip_mt_per_k)), of_magnets)


def same_sensitivity(field: Var, warming: Var, rest: Rest) -> Var:
    """Field [4, 3] as strong as the chips would show it at the temperature of the calibration."""
    return field if rest.warmth is None else op.div(field, _sensitive(warming, rest.warmth))


def _sensitive(warming: Var, warmth: Warmth) -> Var:
    """[4, 1] how strongly each chip shows a field, 1 at the temperature of the calibration."""
    part = op.add(const(1.0), op.mul(warming, const(warmth.sensitivity_per_k)))
    return op.reshape(op.max([part, const(0.5)]), shape_const([SENSORS, 1]))
