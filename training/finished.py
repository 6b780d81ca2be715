"""From weights to a voice: a streaming graph with its card, held to what PyTorch plays; without PyTorch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import onnx

from graphs.card import Card, LatentStatistics, attach_card
from graphs.player import GraphPlayer
from model_export.costs import with_costs
from model_export.graph import Graph
from model_export.graph.fold import folded
from model_export.graph.modulated import with_fast_banks
from model_export.graph.onnx_writer import initial_states, to_onnx
from model_export.step_response import response
from model_export.verify import make_reference, verify
from training.errors import TrainingError
from training.layout import Arrays, voice_graph
from training.settings import Settings

Floats = npt.NDArray[np.float32]
AGREES = 1e-5


def draft(
    settings: Settings, weights: Arrays, rate: int, spread: LatentStatistics, rest: Floats
) -> onnx.ModelProto:
    """The voice as it sounds, with a card that only a player needs."""
    graph = voice_graph(settings, weights, rest, 1.0, rate)
    model = to_onnx(with_fast_banks(folded(graph)), settings.name)
    attach_card(model, _card(settings, rate, graph, spread, ""))
    return model


def voice(
    settings: Settings,
    weights: Arrays,
    rate: int,
    spread: LatentStatistics,
    rest: Floats,
    gain: float,
    take: Mapping[str, npt.NDArray[np.generic]],
) -> onnx.ModelProto:
    """The voice with its card, verified against PyTorch and its own reference run.

    Args:
        settings, weights: of the network; weights by name, bank and clock included.
        rate: Hz.
        spread: of its latents.
        rest: [Z], the network's place that latents are counted from.
        gain: of the whole voice.
        take: what PyTorch plays (`training.golden.take`) for this rest and gain.

    Raises:
        TrainingError: the graph plays something else.
    """
    exact = voice_graph(settings, weights, rest, gain, rate)
    final = with_fast_banks(folded(exact))
    digest = hashlib.sha256(b"".join(weights[name].tobytes() for name in sorted(weights))).hexdigest()
    card = with_costs(_card(settings, rate, final, spread, digest), final)
    model = to_onnx(final, settings.name)
    attach_card(model, card)
    agree(model, take)
    step = response(model)
    card = replace(
        card,
        delay_samples=round(step.half * rate / 1000),
        step_ms=tuple(round(part, 1) for part in (step.tenth, step.half, step.most)),
    )
    plain = to_onnx(exact, settings.name)
    attach_card(plain, card)  # it tells where the clocks start
    card = replace(card, reference=make_reference(GraphPlayer(plain, lean=True), card))
    attach_card(model, card)
    verify(model, card)
    return model


def _card(settings: Settings, rate: int, graph: Graph, spread: LatentStatistics, digest: str) -> Card:
    return Card(
        kind="voice",
        name=settings.name,
        latents=settings.network.latents,
        sample_rate=rate,
        hop=settings.network.hop,
        frames=1,
        channels=1,
        source_sha256=digest,
        latent=spread,
        noise={f"noise.{k}": (draw.distribution, draw.value.shape) for k, draw in enumerate(graph.draws)},
        initial_state=initial_states(graph),
    )


def agree(model: onnx.ModelProto, take: Mapping[str, npt.NDArray[np.generic]]) -> float:
    """Largest difference between the graph, frame by frame, and PyTorch at once, as a share of the peak.

    Raises:
        TrainingError: when it is more than `AGREES`: the graph would be another instrument.
    """
    stream, got = GraphPlayer(model), []
    wanted = np.asarray(take["t1.audio"], np.float64)
    for k in range(len(wanted)):
        draws = {f"noise.{n}": take[f"t1.noise.{n}"][k] for n in range(take["t1.kinds"].size)}
        got.append(stream.run({"latent": take["t1.z"][k], **draws})["audio"][0])
    error = float(np.abs(np.stack(got) - wanted).max() / max(np.abs(wanted).max(), 1e-12))
    if not error <= AGREES:
        got_text = f"{error:.1e} of the peak"
        raise TrainingError(f"the graph within {AGREES:.0e} of PyTorch", got_text, "report these settings")
    return error
