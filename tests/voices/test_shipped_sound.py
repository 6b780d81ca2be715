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
from voices import atlas, catalogue, measure
from voices.players import graph_player
from voices.voice_graph import export_voice

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
def test_half_of_a_touch_is_heard_soon(name: str) -> None:
    card, voice = read_card(exported(name)), catalogue.find(name)
    assert card.step_ms == voice.step_ms
    tenth, half, most = card.step_ms
    assert 0 < tenth < half < most < 150
    assert half <= {2048: 45, 512: 25, 128: 15}[card.hop]
    assert card.delay_ms == pytest.approx(half, abs=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_a_held_note_lives(name: str) -> None:
    """Its own noise and clocks alone keep it from repeating a frame for ever."""
    card, stream = read_card(exported(name)), GraphPlayer(exported(name), seed=2)
    frames = int(3.0 * card.sample_rate / card.hop)
    place = np.tile(np.where(np.arange(card.latents) % 2, -0.6, 0.7), (frames, 1))
    sound = measure.played(stream, measure.places(card, place))[card.sample_rate // 2 :]
    assert measure.hop_lines(sound, card.hop, card.sample_rate) <= 0.4
    assert measure.repetition(sound, card.hop) < 0.98


@pytest.mark.parametrize("name", NAMES)
def test_held_out_recordings_are_nearer_than_what_costs_nothing(name: str) -> None:
    """As it was measured when the voice was made: its card must say so."""
    found = catalogue.find(name).held_out
    own = found[name]["distance"]
    assert own < found["nearest training half-seconds"]["distance"]
    assert own < found["before its first step"]["distance"]
    assert found[name]["loudness_db"] <= 4.0
    assert abs(found[name]["high_db"]) <= 5.0


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
    assert -45.0 < surveyed(name).rest.loudness_db < -25.0


def test_the_export_command_keeps_the_statistics_of_the_corpus(tmp_path: Path) -> None:
    voice = catalogue.shipped()[0]
    (tmp_path / "voice.ts").write_bytes(voice.torchscript())
    export_command(tmp_path / "voice.ts", tmp_path / "voice.onnx")
    latent = read_card(tmp_path / "voice.onnx").latent
    assert latent is not None
    assert latent.origin == "corpus"
    np.testing.assert_array_equal(latent.std, voice.std)
