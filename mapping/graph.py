"""The whole touch graph: calibrated touch, one entanglement family, one voice's latents."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
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
from mapping.chain import chain, parts
from mapping.knobs import standing
from mapping.latent_statistics import latent_statistics
from mapping.life import with_life
from mapping.morph import led
from mapping.own_mapping import is_own, plain_name
from mapping.probe import check_continuity
from mapping.shapers import Around
from mapping.taught import Taught, check, nothing_taught
from mapping.touch_card import attach_touch_card

RANGE = Knob(0.0, 3.0, 1.0, "sigma")


def touch_graph(
    calibration: Calibration,
    voice_card: Any,
    mapping: str = "rotate",
    seed: int = 0,
    taught: Taught | None = None,
    knobs: Mapping[str, float] | None = None,
    beside: Path = Path(),
) -> onnx.ModelProto:
    """Builds the touch graph of a board for a voice.

    Inputs: field [4, 3] mT, valid [4], temperature [4] °C, dt [] s, knob.reach (mT), knob.rest_capture,
    the knobs of its parts, knob.range (sigma), knob.life (0..1), lead.place [Z] and lead.share [] of a morph
    (`mapping.morph`; they need not be given), state.K. Outputs: touch [12] in -1..1, place [Z] in sigma,
    latent [Z] in the voice's own units, next.K. The gain is normalised: at range 1, free play as in the
    calibration moves the latents of the family by one sigma, root mean square.

    Args:
        calibration: of this board.
        voice_card: a `Card` of model_export or its dictionary; only its name and latent statistics are read.
        mapping: a family, or a file of the player's, and shapers behind it: `rotate`,
            `rings+terrain+bodies`, `mine.py:swirl+memory`.
        seed: of all random choices; another seed is another instrument.
        taught: gestures and sounds for snapshots; nothing where None.
        knobs: where knobs stand at first, instead of their own defaults.
        beside: the folder that the path of a mapping of the player's own begins from.

    Raises:
        MappingError: an unknown family, shaper or knob, taught points that no graph can keep, or a card
            without usable latent statistics.

    Example:
        >>> from graphs.card import read_card
        >>> from tests.support.plain_board import gaussian_card, plain_calibration
        >>> model = touch_graph(plain_calibration(), gaussian_card(8), "rings")
        >>> read_card(model).latents, read_card(model).knobs["radius"].unit
        (8, 'mm')
    """
    build, shaping = chain(mapping, beside)
    statistics = latent_statistics(voice_card)
    taught = taught or nothing_taught(statistics.latents)
    check(taught, statistics.latents)
    if is_own(parts(mapping)[0]):
        check_continuity(mapping, statistics.latents, seed, taught, beside)
    graph = StatefulGraph()
    clock, touch = touch_stage(graph, calibration)
    width = glide(graph, clock, "range", RANGE)
    unit = op.mul(touch, const(1.0 / calibration.play.touch_rms))
    y = op.mul(build(graph, clock, unit, statistics.latents, seed), width)
    around = Around(touch, statistics.latents, seed, taught)
    for shape in shaping:
        y = shape(graph, clock, y, around)
    y = with_life(graph, clock, y, statistics.latents, seed)
    y = led(graph, y, statistics.latents)
    safe = slew_limit(graph, clock, ball_limit(y, statistics.latents), statistics.latents)
    graph.output("touch", touch)
    graph.output("place", safe)
    graph.output("latent", to_voice(safe, statistics))
    for label, value in (knobs or {}).items():
        graph.knobs[label] = standing(graph.knobs, label, value)
    model = graph.build()
    attach_touch_card(
        model,
        graph,
        calibration,
        name=f"{plain_name(mapping)}-{seed}",
        latents=statistics.latents,
        voice=statistics.voice,
        calibration_sha256=checksum(calibration),
    )
    return model
