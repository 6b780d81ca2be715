"""Each shipped voice, exported and played by ONNX Runtime: as PyTorch plays it, and worth playing."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import onnx
import pytest

from graphs.card import read_card
from graphs.player import GraphPlayer
from lodestone.commands.export import export_command
from voices import atlas, catalogue
from voices.graph import export_voice
from voices.players import graph_player

NAMES = [voice.name for voice in catalogue.shipped()]
TOLERANCE = 1e-5


@functools.cache
def exported(name: str) -> onnx.ModelProto:
    return export_voice(catalogue.find(name).path)


@functools.cache
def surveyed(name: str) -> atlas.Atlas:
    voice = catalogue.find(name)
    mean, std = voice.mean.astype(float), voice.std.astype(float)
    return atlas.survey(graph_player(exported(name)), mean, std, voice.sample_rate)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("take", ["t1"])
def test_plays_what_pytorch_played(name: str, take: str) -> None:
    golden = np.load(catalogue.FOLDER / name / "golden.npz")
    stream = GraphPlayer(exported(name))
    played = []
    for index, latents in enumerate(golden[f"{take}.z"]):
        draws = [golden[f"{take}.noise.{k}"][index] for k in range(len(golden[f"{take}.kinds"]))]
        noise = {f"noise.{k}": draw for k, draw in enumerate(draws)}
        played.append(stream.run({"latent": latents} | noise)["audio"][0])
    wanted = golden[f"{take}.audio"]
    assert np.abs(np.stack(played) - wanted).max() <= TOLERANCE * np.abs(wanted).max()


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_carries_the_spread_of_the_corpus(name: str) -> None:
    voice = catalogue.find(name)
    latent = read_card(exported(name)).latent
    assert latent is not None
    assert latent.origin == "corpus"
    np.testing.assert_array_equal(latent.std, voice.std)
    assert latent.quantiles.shape == (voice.latents, len(latent.probabilities))
    assert (np.diff(latent.quantiles, axis=1) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_answers_within_forty_milliseconds(name: str) -> None:
    card = read_card(exported(name))
    assert card.delay_samples / card.sample_rate <= 0.040


@pytest.mark.parametrize("name", NAMES)
def test_nothing_clips_and_nothing_is_dead(name: str) -> None:
    sounds = [point for axis in surveyed(name).axes for point in axis.descriptors]
    assert max(point.peak for point in sounds) < 1.0
    assert max(point.loudness_db for point in sounds) > -30.0


@pytest.mark.parametrize("name", NAMES)
def test_six_latents_are_heard(name: str) -> None:
    found = surveyed(name)
    assert found.heard >= 6, atlas.table(found)


@pytest.mark.parametrize("name", NAMES)
def test_the_rest_position_sounds(name: str) -> None:
    assert surveyed(name).rest.loudness_db > -45.0


def test_the_export_command_keeps_the_statistics_of_the_corpus(tmp_path: Path) -> None:
    voice = catalogue.shipped()[0]
    (tmp_path / "voice.ts").write_bytes(voice.torchscript())
    export_command(tmp_path / "voice.ts", tmp_path / "voice.onnx")
    latent = read_card(tmp_path / "voice.onnx").latent
    assert latent is not None
    assert latent.origin == "corpus"
    np.testing.assert_array_equal(latent.std, voice.std)
