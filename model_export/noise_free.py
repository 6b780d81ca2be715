"""A voice without its noise branch: what plays where a board has no time for the whole one."""

from __future__ import annotations

from dataclasses import replace

import onnx

from graphs.card import Card, Reference, attach_card, read_card
from graphs.player import GraphPlayer
from model_export.errors import ExportError
from model_export.graph import stored
from model_export.graph.silence import MIDDLE, without_draws
from model_export.verify import run_reference, verify


def without_noise(model: onnx.ModelProto) -> onnx.ModelProto:
    """The voice as it sounds while its draws stand at their middle, without the network that shapes noise.

    Args:
        model: a voice, exact or quantised, with its card; left as it is.

    Returns:
        A voice of the same latents without `noise.K`, named NAME-without-noise. Its reference run is what the
        whole voice gives with quiet draws, and holds. What a quantised card tells of losses was measured with
        noise, and is left out.

    Raises:
        ExportError: a graph without a card, or without draws.
    """
    card = read_card(model)
    if not card.noise:
        raise ExportError("a voice with noise", f"{card.name}, which has none", "take it as it is")
    kinds = {name: kind for name, (kind, _) in card.noise.items()}
    started = [name for name, values in card.initial_state.items() if values.any()]
    made, states = without_draws(model, kinds, started)
    attach_card(made, _described(card, model, made, states))
    if card.reference is not None:
        verify(made, read_card(made))
    return made


def _described(card: Card, whole: onnx.ModelProto, made: onnx.ModelProto, states: list[str]) -> Card:
    starts = {f"state.{k}": card.initial_state.get(name) for k, name in enumerate(states)}
    per_second = stored.multiplications(made) * card.sample_rate / (card.hop * card.frames)
    return replace(
        card,
        name=f"{card.name}-without-noise",
        parameters=card.parameters - stored.dropped_weights(whole, made),
        macs_per_second=round(per_second),
        state_bytes=stored.state_bytes(made),
        noise={},
        initial_state={name: values for name, values in starts.items() if values is not None},
        reference=_quiet_reference(card, whole),
    )


def _quiet_reference(card: Card, whole: onnx.ModelProto) -> Reference | None:
    """The card's own run, its noise quiet, played by the whole voice."""
    if card.reference is None:
        return None
    quiet = {name: MIDDLE[kind] for name, (kind, _) in card.noise.items()}
    run = replace(card.reference, noise=quiet)
    return replace(run, noise={}, output=run_reference(GraphPlayer(whole, lean=True), run))
