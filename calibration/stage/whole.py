"""Puts the parts of the calibrated touch together, in the order in which a frame meets them."""

from __future__ import annotations

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import CHANNELS, SENSORS, Calibration
from calibration.stage.carried import carry_to_places
from calibration.stage.response import compress, dead_zone, soft_limit
from calibration.stage.rest import RestInputs, remove_rest
from calibration.stage.room import watch_room
from calibration.stage.smoothing import mains_filter, one_euro
from graphs.clock import Clock, start_clock
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const, shape_const


def touch_stage(graph: StatefulGraph, calibration: Calibration) -> tuple[Clock, Var]:
    """Adds the whole stage to `graph`; `state.0` is the rest correction that the instrument keeps.

    Inputs added: field [4, 3] mT, valid [4], temperature [4] °C, dt [] s, knob.reach (mT) and
    knob.rest_capture. Outputs added: room [4], see `calibration.stage.room`, and rest_refused [1], mT by
    which the field moved during the last capture where that was refused for it, else 0.

    Returns the clock and touch [12] in -1..1, sensor by sensor.
    """
    rest_state = graph.state("rest", (SENSORS, 3))
    clock = start_clock(graph)
    field = graph.input("field", (SENSORS, 3))
    valid = graph.input("valid", (SENSORS,))
    temperature = graph.input("temperature", (SENSORS,))
    response = calibration.response

    seen = graph.state("seen", (SENSORS,))
    present = op.cast(op.greater(valid, const(0.0)), to=np.float32)
    seen.then = op.max([seen.now, present])
    new = op.less(seen.now, const(0.5))
    quiet = mains_filter(graph, clock, field, new, calibration.rest.mains_taps)
    inputs = RestInputs(quiet, valid, temperature, new)
    played = remove_rest(graph, clock, inputs, calibration, rest_state)

    row = op.reshape(played.field_mt, shape_const([1, CHANNELS]))
    if calibration.corrected:
        row = op.matmul(row, const(calibration.correction.T))
    if calibration.carry is not None:
        row = carry_to_places(row, calibration.carry)
    corrected = op.reshape(row, shape_const([CHANNELS]))
    knee = glide(graph, clock, "reach", Knob(0.02, 5.0, response.knee_mt, "mT"))
    pressed = dead_zone(corrected, response.dead_zone_mt)
    touch = soft_limit(compress(pressed, response.reach_mt - response.dead_zone_mt, knee))
    weight = op.expand(op.reshape(valid, shape_const([SENSORS, 1])), shape_const([SENSORS, 3]))
    weighted = op.mul(touch, op.reshape(weight, shape_const([CHANNELS])))
    room = watch_room(graph, clock, played.settled_mt, played.steady, played.warming_k, calibration)
    graph.output("room", room)
    graph.output("rest_refused", played.refused_mt)
    return clock, one_euro(graph, clock, weighted, response)
