"""The computed delay against the sound: a centred model answers one latent symmetrically around it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import model_export
from graphs.card import read_card
from graphs.player import FloatArray, GraphPlayer

Unpack = Callable[[str], Path]
CALLS, STRUCK = 40, 18


def played(stream: GraphPlayer, latents: FloatArray) -> FloatArray:
    stream.reset()
    noise = {name: np.full(shape, 0.5) for name, shape in stream.inputs.items() if name.startswith("noise.")}
    return np.concatenate([stream.run({"latent": z, **noise})["audio"][0, 0] for z in latents])


def answer(archive: Unpack, name: str) -> tuple[float, float, int]:
    """(first sample, last sample, computed delay) of the answer to one latent frame, from its middle."""
    model = model_export.export(archive(name))
    card, stream = read_card(model), GraphPlayer(model)
    latents = np.random.default_rng(2).standard_normal((CALLS, *stream.inputs["latent"])).astype(np.float32)
    quiet = played(stream, latents).astype(np.float64)
    latents[STRUCK] += 3
    change = np.abs(played(stream, latents) - quiet)
    heard = np.flatnonzero(change > 1e-6 * change.max())
    middle = (STRUCK + 0.5) * card.hop
    return heard[0] - middle, heard[-1] - middle, card.delay_samples


@pytest.mark.parametrize("name", ["v1", "v2", "v3", "onnx", "wasserstein", "v2_128_latents"])
def test_centred_models_answer_around_their_delay(archive: Unpack, name: str) -> None:
    first, last, delay = answer(archive, name)
    assert delay > 1000
    assert abs((first + last) / 2 - delay) <= 0.03 * delay


@pytest.mark.parametrize("name", ["v2_causal", "v3_transfer", "raspberry", "brave"])
def test_causal_models_answer_at_once(archive: Unpack, name: str) -> None:
    first, last, delay = answer(archive, name)
    hop = read_card(model_export.export(archive(name))).hop
    assert first + hop / 2 <= delay + 32
    assert 0 < delay < last


@pytest.mark.parametrize(("name", "milliseconds"), [("v2_causal", 38.5), ("brave", 2.5)])
def test_known_delays(archive: Unpack, name: str, milliseconds: float) -> None:
    assert read_card(model_export.export(archive(name))).delay_ms == pytest.approx(milliseconds, abs=0.05)
