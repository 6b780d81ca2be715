"""A recording as a place in the latents: by an encoder of ours, and by what upstream's exporter wrote."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from errors import LodestoneError
from graphs.card import attach_card, load_onnx, read_card
from lodestone.cli import build_app
from model_export.compiler import PlanError, compile_plan
from model_export.encoder import Encoder, encoder_graph
from model_export.errors import ExportError
from tests.support.tiny_voice import RATE, random_weights, tiny_encoder, tiny_voice

HOP = 128


@pytest.fixture(scope="module")
def two_sounds() -> np.ndarray:
    """A second of soft low tone, a second of silence, a second of loud hiss."""
    dice, time = np.random.default_rng(0), np.arange(RATE) / RATE
    tone = 0.2 * np.sin(2 * np.pi * 180 * time)
    return np.concatenate([tone, np.zeros(RATE), 0.3 * dice.standard_normal(RATE)]).astype(np.float32)


def test_the_place_is_the_middle_of_what_is_heard(two_sounds: np.ndarray) -> None:
    encoder = Encoder(tiny_encoder())
    late = encoder.card.delay_samples // HOP
    frames = encoder.encode(two_sounds, still=True)[late:]
    first, last = (np.median(frames[k * RATE // HOP : (k + 1) * RATE // HOP], axis=0) for k in (0, 2))
    assert np.abs(first - last).max() > 0.3
    assert encoder.place(two_sounds, 0.5) == pytest.approx(first, abs=0.05)
    assert encoder.place(two_sounds, 2.5) == pytest.approx(last, abs=0.1)
    mostly_silent = np.concatenate([np.zeros(3 * RATE, np.float32), two_sounds[2 * RATE :]])
    assert encoder.place(mostly_silent) == pytest.approx(last, abs=0.1)


def test_a_recording_shorter_than_a_frame_has_a_place() -> None:
    short = np.full(HOP // 3, 0.2, np.float32)
    assert np.isfinite(Encoder(tiny_encoder()).place(short)).all()


def test_what_has_no_place_is_told(two_sounds: np.ndarray) -> None:
    encoder = Encoder(tiny_encoder())
    for sound, second, said in (
        (np.zeros(RATE, np.float32), None, "a recording that is heard, got silence"),
        (np.zeros(0, np.float32), None, "a recording that is heard, got silence"),
        (two_sounds, 9.0, "a moment of the recording, got second 9 of 3.0"),
    ):
        with pytest.raises(ExportError, match=said):
            encoder.place(sound, second)
    with pytest.raises(ExportError, match="wanted an encoder, got a voice"):
        Encoder(tiny_voice(random_weights()))
    with pytest.raises(PlanError, match="wanted operators that the engine has"):
        compile_plan(tiny_encoder())


def test_an_encoder_says_how_late_it_answers() -> None:
    """Found by listening: the same as the layout of ours has it."""
    model = tiny_encoder(seed=3)
    known = read_card(model).delay_samples // HOP
    assert abs(Encoder(model).answer() - known) <= 2
    deaf = onnx.ModelProto()
    deaf.CopyFrom(model)
    for weights in deaf.graph.initializer:
        if weights.dims == [4, 12, 1]:
            weights.raw_data = bytes(len(weights.raw_data))
    attach_card(deaf, replace(read_card(model), name="deaf"))
    with pytest.raises(ExportError, match="an encoder that hears, got one that answers nothing"):
        Encoder(deaf).answer()


def test_export_keeps_the_encoder_of_an_archive(
    archive: Callable[[str], Path], tmp_path: Path, two_sounds: np.ndarray
) -> None:
    voice = tmp_path / "small.onnx"
    words = ["export", str(archive("v2_small")), "-o", str(voice), "--encoder"]
    done = CliRunner().invoke(build_app(), words)
    assert done.exit_code == 0, done.output
    kept, card = load_onnx(tmp_path / "small.encoder.onnx"), read_card(voice)
    ears = Encoder(kept)
    assert (ears.card.latents, ears.card.hop, ears.card.sample_rate) == (8, 512, 44100)
    assert ears.card.source_sha256 == card.source_sha256
    assert 0.05 < ears.card.delay_ms / 1000 < 0.25  # a centred model, as late as its decoder
    assert np.array_equal(
        ears.place(two_sounds), Encoder(encoder_graph(archive("v2_small"))).place(two_sounds)
    )


def test_an_encoder_that_cannot_be_run_is_told_and_nothing_is_written(
    archive: Callable[[str], Path], tmp_path: Path
) -> None:
    done = CliRunner().invoke(
        build_app(), ["export", str(archive("hybrid")), "-o", str(tmp_path / "x.onnx"), "--encoder"]
    )
    assert isinstance(done.exception, LodestoneError)
    assert "\n" not in str(done.exception)
    assert not list(tmp_path.iterdir())
