"""The card of a touch graph: what the compiler, the firmware and a reader need to know about it."""

from __future__ import annotations

import json

import onnx

from calibration.stateful import StatefulGraph

METADATA_KEY = "lodestone.card"


def attach_touch_card(
    model: onnx.ModelProto,
    graph: StatefulGraph,
    *,
    name: str,
    latents: int,
    rate_hz: float,
    voice: str,
    calibration_sha256: str,
) -> None:
    """Writes the card into the model's metadata, replacing an older one."""
    knobs = {
        label: {
            "minimum": knob.minimum,
            "maximum": knob.maximum,
            "default": knob.default,
            "unit": knob.unit,
        }
        for label, knob in graph.knobs.items()
    }
    card = {
        "format": "lodestone-card",
        "version": 1,
        "kind": "touch",
        "name": name,
        "rate_hz": rate_hz,
        "latents": latents,
        "knobs": knobs,
        "states": {f"state.{index}": state.label for index, state in enumerate(graph.states)},
        "voice": voice,
        "calibration_sha256": calibration_sha256,
    }
    for entry in [entry for entry in model.metadata_props if entry.key == METADATA_KEY]:
        model.metadata_props.remove(entry)
    model.metadata_props.add(key=METADATA_KEY, value=json.dumps(card, sort_keys=True))
