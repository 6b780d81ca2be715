"""Filters with explicit memory and a time step that may vary: mains, 1-euro."""

from __future__ import annotations

import math

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import CHANNELS, SENSORS, Response
from graphs.clock import Clock
from graphs.stateful import StatefulGraph, const, shape_const


def mains_filter(graph: StatefulGraph, clock: Clock, field: Var, new: Var, taps: tuple[float, ...]) -> Var:
    """Weighted sum of the last len(taps) frames [4, 3]; one period of the mains sums to nothing.

    A sensor that is `new` [4] fills its history with what it shows first.
    """
    if len(taps) == 1:
        return field
    past = len(taps) - 1
    state = graph.state("mains history", (past, SENSORS, 3))
    new_rows = op.reshape(new, shape_const([1, SENSORS, 1]))
    frame = op.reshape(field, shape_const([1, SENSORS, 3]))
    history = op.where(new_rows, frame, state.now)
    weights = const(np.reshape(taps[1:], (past, 1, 1)))
    quiet = op.add(
        op.mul(field, const(taps[0])),
        op.reduce_sum(op.mul(history, weights), shape_const([0]), keepdims=0),
    )
    pushed = frame
    if past > 1:
        older = op.slice(history, shape_const([0]), shape_const([past - 1]), shape_const([0]))
        pushed = op.concat([frame, older], axis=0)
    state.then = op.where(op.greater(clock.moved, const(0.5)), pushed, history)
    return quiet


def one_euro(graph: StatefulGraph, clock: Clock, value: Var, response: Response) -> Var:
    """The 1-euro filter (Casiez, Roussel and Vogel 2012): smooth when still, quick when moved.

    fc = min_cutoff + beta |dx/dt|; weight = w / (1 + w) with w = 2 pi fc dt. The derivative is taken against
    the last filtered value, and its 1/dt is cancelled against its own weight, so dt = 0 is harmless.
    """
    smooth = graph.state("touch", (CHANNELS,))
    slope = graph.state("touch slope", (CHANNELS,))
    turn = 2.0 * math.pi
    slope_turn = const(turn * response.derivative_cutoff_hz)
    slope_weight = op.div(clock.moved, op.add(const(1.0), op.mul(slope_turn, clock.dt)))
    change = op.sub(op.sub(value, smooth.now), op.mul(clock.dt, slope.now))
    slope_moved = op.add(slope.now, op.mul(op.mul(change, slope_turn), slope_weight))
    slope.then = op.where(clock.fresh, const(np.zeros(CHANNELS)), slope_moved)
    cutoff = op.add(const(response.min_cutoff_hz), op.mul(const(response.beta), op.abs(slope.then)))
    angle = op.mul(op.mul(const(turn), cutoff), clock.dt)
    weight = op.div(angle, op.add(const(1.0), angle))
    moved = op.add(smooth.now, op.mul(op.sub(value, smooth.now), weight))
    smooth.then = op.where(clock.fresh, value, moved)
    return smooth.then
