"""Exported voices in ONNX Runtime against what PyTorch played with the same archive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest

import model_export
from graphs.card import read_card
from tests.model_export.conftest import FOREIGN_MODELS, MODELS
from tests.model_export.golden_vectors import golden, play, relative_error

TOLERANCE = 1e-5


@pytest.mark.parametrize("frames", [1, 2, 4])
@pytest.mark.parametrize("name", [*MODELS, *FOREIGN_MODELS])
def test_plays_what_pytorch_plays(archive: Callable[[str], Path], name: str, frames: int) -> None:
    model = model_export.export(archive(name), frames=frames)
    onnx.checker.check_model(model, full_check=True)
    take = golden(name, frames)
    error = relative_error(play(model, take), take.audio)
    calls, _, latents, _ = take.latents.shape
    print(f"{name}: {error:.1e} of the peak, {calls} calls of {frames}, {latents} latents")
    assert error <= TOLERANCE


def test_covers_what_was_promised() -> None:
    assert len(MODELS) >= 15
    assert len(FOREIGN_MODELS) == 4
    assert all(len(golden(name).latents) >= 32 for name in [*MODELS, *FOREIGN_MODELS])


def test_card_agrees_with_the_archive(archive: Callable[[str], Path]) -> None:
    card = read_card(model_export.export(archive("v2_stereo")))
    assert (card.kind, card.name) == ("voice", "v2_stereo")
    assert (card.sample_rate, card.hop, card.latents, card.channels) == (44100, 512, 8, 2)
