"""Knobs that glide to where they were turned, as part of a graph."""

from __future__ import annotations

import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.clock import Clock
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const, shape_const

# A knob covers 63 % of a turn in this time: fast under the finger, no step in the sound.
KNOB_GLIDE_S = 0.05


def follow(clock: Clock, time_constant_s: float) -> Var:
    """Weight of the newest value in a one-pole that follows within `time_constant_s`: dt / (tau + dt)."""
    return op.div(clock.dt, op.add(clock.dt, const(time_constant_s)))


def glide(graph: StatefulGraph, clock: Clock, name: str, knob: Knob) -> Var:
    """The knob NAME, shape [1], gliding; in the first call it stands where it was set."""
    target = op.reshape(graph.knob(name, knob), shape_const([1]))
    state = graph.state(f"knob {name}", (1,))
    moved = op.add(state.now, op.mul(op.sub(target, state.now), follow(clock, KNOB_GLIDE_S)))
    state.then = op.where(clock.fresh, target, moved)
    return state.then
