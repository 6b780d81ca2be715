"""The card of a touch graph: what the compiler, the firmware and a reader need to know about it."""

from __future__ import annotations

import numpy as np
import onnx

from calibration.model import SENSORS, Calibration
from graphs.card import Card, Reference, attach_card
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph

REFERENCE_CALLS = 8
REFERENCE_DT_S = 0.005


def attach_touch_card(
    model: onnx.ModelProto,
    graph: StatefulGraph,
    calibration: Calibration,
    *,
    name: str,
    latents: int,
    voice: str,
    calibration_sha256: str,
    lag_ms: float,
) -> None:
    """Runs the model once and writes its card, with that run as reference pair, into the metadata."""
    sizes = [
        int(np.prod([dim.dim_value for dim in value.type.tensor_type.shape.dim]))
        for value in model.graph.input
        if value.name.startswith("state.")
    ]
    card = Card(
        kind="touch",
        name=name,
        latents=latents,
        parameters=sum(int(np.prod(tensor.dims)) for tensor in model.graph.initializer),
        state_bytes=4 * sum(sizes),
        reference=_reference(model, graph, calibration),
        rate_hz=calibration.frame_rate_hz,
        knobs=graph.knobs,
        states={f"state.{index}": state.label for index, state in enumerate(graph.states)},
        calibration_sha256=calibration_sha256,
        voice=voice,
        lag_ms=round(lag_ms, 2),
    )
    attach_card(model, card)


def _reference(model: onnx.ModelProto, graph: StatefulGraph, calibration: Calibration) -> Reference:
    """A magnet that comes near while the knobs stand at their defaults."""
    steps = np.linspace(0.0, 1.0, REFERENCE_CALLS, dtype=np.float32)
    reach = calibration.response.reach_mt.reshape(SENSORS, -1)
    inputs = {
        "field": calibration.rest.offset_mt + steps[:, None, None] * 0.5 * reach,
        "valid": np.ones((REFERENCE_CALLS, SENSORS)),
        "temperature": np.tile(calibration.rest.temperature_c, (REFERENCE_CALLS, 1)),
        "dt": np.full(REFERENCE_CALLS, REFERENCE_DT_S),
    }
    for label, knob in graph.knobs.items():
        inputs[f"knob.{label}"] = np.full(REFERENCE_CALLS, knob.default)
    single = {key: value.astype(np.float32) for key, value in inputs.items()}
    player = GraphPlayer(model)
    for call in range(REFERENCE_CALLS):
        output = player.run({key: value[call] for key, value in single.items()})
    return Reference(single, {}, output)
