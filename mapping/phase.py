"""Slow turns: angles that go round for ever without losing precision."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.clock import Clock
from graphs.stateful import StatefulGraph, const

TURN = 2.0 * math.pi


def turning(
    graph: StatefulGraph, clock: Clock, label: str, rates_hz: Var, start: npt.NDArray[np.float64]
) -> Var:
    """Angles [K] in 0..2 pi from `start`, each going round `rates_hz` [K] times a second."""
    state = graph.state(label, start.shape)
    now = op.where(clock.fresh, const(start), state.now)
    ahead = op.add(now, op.mul(rates_hz, op.mul(clock.dt, const(TURN))))
    state.then = op.sub(ahead, op.mul(const(TURN), op.floor(op.mul(ahead, const(1.0 / TURN)))))
    return state.then
