"""What the empty board shows, taken away: temperature, a rest captured anew, and slow tracking.

The rest correction `state.0` is in millitesla, added to the calibration's offset. Two things move it: a
capture (rising edge of knob.rest_capture, 3 s; refused when something moved, and told) and tracking, which
follows at most 1 % of the reach per minute and only while the board has been still for 10 s and either empty
or in a field that is the same on all four sensors, which no marble makes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import AXES, CHANNELS, SENSORS, Calibration
from calibration.stage.warmth import rest_warmed, same_sensitivity
from graphs.clock import Clock
from graphs.glide import follow
from graphs.knob import Knob
from graphs.stateful import State, StatefulGraph, const, shape_const

CAPTURE_S = 3.0
CAPTURE_GLIDE_S = 0.3
CALM_S = 0.1
CAPTURE_SPREAD_SIGMAS = 4.0
STILL_S = 10.0
STILL_SIGMAS = 3.0
TRACKING_PER_S = 0.01 / 60.0
# A marble 300 mm over the board is alike to 0.95, and too faint to be followed.
FOLLOWED_ALIKE = 0.97
THERMOMETER_S = 2.0


@dataclass(frozen=True)
class RestInputs:
    """field [4, 3] mT without hum, valid [4], temperature [4] °C, new [4] (first sight of a sensor)."""

    field: Var
    valid: Var
    temperature: Var
    new: Var


@dataclass(frozen=True)
class Played:
    """What is left without the rest, [4, 3] mT, and what tells whether that is music or the room.

    Attributes:
        field_mt: as it is. settled_mt: [1, 12] without noise, corrected. steady: [] all four answer and
        nothing
            moves. warming_k: [4] since the rest was taken, by calibration or capture.
        refused_mt: [1] by how much the field moved during the last capture, where that was refused; else 0.
    """

    field_mt: Var
    settled_mt: Var
    steady: Var
    warming_k: Var
    refused_mt: Var


def remove_rest(
    graph: StatefulGraph, clock: Clock, inputs: RestInputs, calibration: Calibration, rest: State
) -> Played:
    """Field minus the rest at this temperature."""
    warming = _warming(graph, clock, inputs, calibration)
    shown = rest_warmed(graph, clock, warming, inputs.new, calibration.rest)
    lifted = op.sub(inputs.field, op.add(const(calibration.rest.offset_mt), shown))
    calm, spread = _calm(graph, clock, lifted, inputs.new, calibration)
    present = _column(op.cast(op.greater(inputs.valid, const(0.99)), to=np.float32))
    captured, success, refused = _capture(graph, clock, calm, present, rest.now, calibration)
    restless = op.sub(spread, const((STILL_SIGMAS * calibration.rest.noise_mt) ** 2))
    settled = op.reshape(op.mul(op.sub(calm, rest.now), present), shape_const([1, CHANNELS]))
    if calibration.corrected:
        settled = op.matmul(settled, const(calibration.correction.T))
    still = _Stillness(op.sub(calm, rest.now), restless, present, _alike(settled))
    rest.then = op.add(op.add(rest.now, captured), _track(graph, clock, still, calibration))
    quiet = op.less_or_equal(op.reduce_max(op.mul(restless, present), keepdims=0), const(0.0))
    steady = op.and_(quiet, op.greater(op.reduce_min(present, keepdims=0), const(0.5)))
    rested = graph.state("warming at rest", (SENSORS,))
    rested.then = op.where(success, warming, rested.now)
    field = same_sensitivity(op.sub(lifted, rest.then), warming, calibration.rest)
    return Played(field, settled, steady, op.sub(warming, rested.then), refused)


def _alike(settled: Var) -> Var:
    """[] whether a field [1, 12] is the same on all four sensors."""
    field = op.reshape(settled, shape_const([SENSORS, AXES]))
    mean = op.reduce_mean(field, axes=[0], keepdims=0)
    shared = op.mul(op.reduce_sum(op.mul(mean, mean), keepdims=0), const(float(SENSORS)))
    squares = op.reduce_sum(op.mul(field, field), keepdims=0)
    return op.greater_or_equal(shared, op.mul(squares, const(FOLLOWED_ALIKE)))


def _column(per_sensor: Var) -> Var:
    return op.reshape(per_sensor, shape_const([SENSORS, 1]))


def _warming(graph: StatefulGraph, clock: Clock, inputs: RestInputs, calibration: Calibration) -> Var:
    """[4] K since the calibration; the thermometer is slow, so its steps are smoothed."""
    state = graph.state("temperature", (SENSORS,))
    moved = op.add(state.now, op.mul(op.sub(inputs.temperature, state.now), follow(clock, THERMOMETER_S)))
    state.then = op.where(inputs.new, inputs.temperature, moved)
    return op.sub(state.then, const(calibration.rest.temperature_c))


def _calm(
    graph: StatefulGraph, clock: Clock, lifted: Var, new: Var, calibration: Calibration
) -> tuple[Var, Var]:
    """The lifted field without its noise, and its variance about that, both with CALM_S of memory."""
    calm = graph.state("calm", (SENSORS, AXES))
    spread = graph.state("spread", (SENSORS, AXES))
    weight = follow(clock, CALM_S)
    change = op.sub(lifted, calm.now)
    new_rows = _column(new)
    calm.then = op.where(new_rows, lifted, op.add(calm.now, op.mul(change, weight)))
    square = op.mul(change, op.sub(lifted, calm.then))
    noise = const(calibration.rest.noise_mt**2)
    spread_moved = op.add(spread.now, op.mul(op.sub(square, spread.now), weight))
    spread.then = op.where(new_rows, noise, spread_moved)
    return calm.then, spread.then


def _capture(
    graph: StatefulGraph, clock: Clock, calm: Var, present: Var, rest: Var, calibration: Calibration
) -> tuple[Var, Var, Var]:
    """What a capture adds to the rest in this call, [4, 3]; [1] whether one succeeds in it; [1] mT that
    the field moved by during the last one, 0 where it was not refused."""
    pressed = op.cast(op.greater(graph.knob("rest_capture", Knob(0.0, 1.0, 0.0)), const(0.5)), to=np.float32)
    before = graph.state("rest_capture before", (1,))
    elapsed = graph.state("capture seconds", (1,))
    before.then = op.reshape(pressed, shape_const([1]))
    idle = op.less_or_equal(elapsed.now, const(0.0))
    begins = op.and_(idle, op.greater(op.sub(before.then, before.now), const(0.5)))
    runs = op.or_(begins, op.not_(idle))
    later = op.add(elapsed.now, clock.dt)
    ends = op.greater_or_equal(later, const(CAPTURE_S))
    ticking = op.max([later, const(1e-6)])  # a capture that begins in a frame of no time still begins
    elapsed.then = op.where(op.and_(runs, op.not_(ends)), ticking, const([0.0]))

    mean, low, high = (graph.state(f"capture {name}", (SENSORS, AXES)) for name in ("mean", "low", "high"))
    share = op.div(clock.dt, op.max([later, const(1e-6)]))
    mean.then = op.where(begins, calm, op.add(mean.now, op.mul(op.sub(calm, mean.now), share)))
    low.then = op.where(begins, calm, op.min([low.now, calm]))
    high.then = op.where(begins, calm, op.max([high.now, calm]))
    limit = const(CAPTURE_SPREAD_SIGMAS * calibration.rest.noise_mt)
    moved = op.mul(op.sub(high.then, low.then), present)
    still = op.less_or_equal(op.reduce_max(op.sub(moved, limit), keepdims=0), const(0.0))
    over = op.and_(runs, ends)
    success = op.and_(over, still)
    refused = graph.state("capture refused", (1,))
    said = op.where(over, op.reshape(op.reduce_max(moved, keepdims=0), shape_const([1])), refused.now)
    refused.then = op.where(op.or_(begins, success), const([0.0]), said)

    pending = graph.state("capture pending", (SENSORS, AXES))
    found = op.mul(op.sub(mean.then, rest), present)
    goal = op.where(success, found, pending.now)
    step = op.mul(goal, follow(clock, CAPTURE_GLIDE_S))
    pending.then = op.sub(goal, step)
    return step, success, refused.then


@dataclass(frozen=True)
class _Stillness:
    """What tracking judges by: residual [4, 3] mT, restless [4, 3] (above 0: moves), present [4, 1], alike
    []."""

    residual: Var
    restless: Var
    present: Var
    alike: Var


def _track(graph: StatefulGraph, clock: Clock, now: _Stillness, calibration: Calibration) -> Var:
    """What tracking adds to the rest in this call: nothing unless nothing moved for STILL_S."""
    dead_zone = 4.0 * calibration.rest.noise_mt
    off_rest = op.mul(op.sub(op.abs(now.residual), const(dead_zone)), now.present)
    empty = op.less_or_equal(op.reduce_max(off_rest, keepdims=0), const(0.0))
    moving = op.reduce_max(op.mul(now.restless, now.present), keepdims=0)
    no_marble = op.or_(empty, now.alike)
    still = op.reshape(op.and_(no_marble, op.less_or_equal(moving, const(0.0))), shape_const([1]))
    timer = graph.state("still seconds", (1,))
    longer = op.min([op.add(timer.now, clock.dt), const(2.0 * STILL_S)])
    timer.then = op.where(still, longer, const([0.0]))
    allowed = op.cast(op.greater_or_equal(timer.then, const(STILL_S)), to=np.float32)
    reach = np.reshape(calibration.response.reach_mt, (SENSORS, AXES))
    most = op.mul(const(TRACKING_PER_S * reach), op.mul(clock.dt, allowed))
    step = op.max([op.min([now.residual, most]), op.neg(most)])
    return op.mul(step, now.present)
