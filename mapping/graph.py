"""The whole touch graph: calibrated touch, one entanglement family, one voice's latents."""

from __future__ import annotations

from typing import Any

import onnx
import spox.opset.ai.onnx.v17 as op

from calibration import Calibration
from calibration.file import checksum
from calibration.stage import touch_stage
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const
from mapping.arbitrariness import ball_limit, slew_limit, to_voice
from mapping.card import attach_touch_card
from mapping.families import family
from mapping.statistics import latent_statistics

RANGE = Knob(0.0, 3.0, 1.0, "sigma")


def touch_graph(
    calibration: Calibration, voice_card: Any, mapping: str = "rotate", seed: int = 0
) -> onnx.ModelProto:
    """Builds the touch graph of a board for a voice.

    Inputs: field [4, 3] mT, valid [4], temperature [4] °C, dt [] s, knob.reach (mT), knob.rest_capture,
    knob.entanglement (0..1), knob.range (sigma), state.K. Outputs: touch [12] in -1..1, latent [Z] in the
    voice's own units, next.K. The gain is normalised: at range 1, free play as in the calibration moves the
    latents by one sigma, root mean square.

    Args:
        calibration: of this board.
        voice_card: a `Card` of model_export or its dictionary; only its name and latent statistics are read.
        mapping: name of a family.
        seed: of the family's random choices; another seed is another instrument.

    Raises:
        MappingError: an unknown family, or a card without usable latent statistics.
    """
    chosen = family(mapping)
    statistics = latent_statistics(voice_card)
    graph = StatefulGraph()
    clock, touch = touch_stage(graph, calibration)
    width = glide(graph, clock, "range", RANGE)
    unit = op.mul(touch, const(1.0 / calibration.play.touch_rms))
    y = op.mul(chosen.build(graph, clock, unit, statistics.latents, seed), width)
    safe = slew_limit(graph, clock, ball_limit(y, statistics.latents), statistics.latents)
    graph.output("touch", touch)
    graph.output("latent", to_voice(safe, statistics))
    model = graph.build()
    attach_touch_card(
        model,
        graph,
        calibration,
        name=f"{mapping}-{seed}",
        latents=statistics.latents,
        voice=statistics.voice,
        calibration_sha256=checksum(calibration),
    )
    return model
