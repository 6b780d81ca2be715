"""Encoding recordings: against PyTorch's own `encode`, and the statistics that come of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import model_export
from graphs.card import read_card
from graphs.tolerance import EXACT
from model_export.corpus import corpus_statistics, read_mono
from model_export.encoder import Encoder, encoder_graph
from model_export.errors import ExportError
from tests.model_export.golden_vectors import relative_error

Unpack = Callable[[str], Path]
ENCODED = Path(__file__).parent / "encoded"


@pytest.mark.parametrize("name", ["v1_noise", "v2_small", "v2_stereo"])
def test_encodes_what_pytorch_encodes(archive: Unpack, name: str) -> None:
    encoder = Encoder(encoder_graph(archive(name))).player
    wanted = np.load(ENCODED / f"{name}.npz")
    got = [
        encoder.run({"audio": audio, "noise.0": noise})["latent"]
        for audio, noise in zip(wanted["audio"], wanted["noise.0"], strict=True)
    ]
    assert relative_error(np.stack(got), wanted["latent"]) <= EXACT


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    dice = np.random.default_rng(0)
    folder = tmp_path / "recordings"
    (folder / "more").mkdir(parents=True)
    soundfile.write(folder / "a.wav", 0.3 * dice.standard_normal(48000), 48000)
    soundfile.write(folder / "more" / "b.flac", 0.1 * dice.standard_normal((44100, 2)).clip(-1, 1), 44100)
    return folder


def test_statistics_of_recordings(archive: Unpack, recordings: Path) -> None:
    card = read_card(model_export.export(archive("v2_small"), corpus=recordings))
    assert card.latent is not None
    assert card.latent.origin == "corpus"
    assert card.latent.quantiles.shape == (8, len(card.latent.probabilities))
    assert np.all(np.diff(card.latent.quantiles, axis=1) >= 0)
    middle = card.latent.quantiles[:, len(card.latent.probabilities) // 2]
    assert np.all(np.abs(middle - card.latent.mean) < card.latent.std)


def test_same_recordings_same_statistics(archive: Unpack, recordings: Path) -> None:
    once, twice = (corpus_statistics(archive("v2_small"), recordings, 8) for _ in range(2))
    assert np.array_equal(once.quantiles, twice.quantiles)


def test_reads_any_rate_as_mono(recordings: Path) -> None:
    sound = read_mono(recordings / "more" / "b.flac", 22050, 0.5)
    assert sound.ndim == 1
    assert abs(len(sound) - 11025) <= 1


def test_refusals(archive: Unpack, tmp_path: Path, recordings: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "x.wav").write_bytes(b"RIFFnothing")
    cases = {
        tmp_path / "none": "a folder of recordings",
        tmp_path / "empty": "recordings",
        tmp_path / "broken": "a readable recording",
    }
    for folder, wanted in cases.items():
        with pytest.raises(ExportError, match=f"wanted {wanted}"):
            corpus_statistics(archive("v2_small"), folder, 8)
    with pytest.raises(ExportError, match="leave --corpus out"):
        corpus_statistics(archive("hybrid"), recordings, 8)
