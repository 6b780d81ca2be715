"""The atlas hears what a known voice does, and calls a flat one flat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voices import atlas, atlas_words
from voices.descriptors import Audio, Floats, band_distance_db, describe

RATE, HOP = 44100, 2048


def tone(hz: float, amplitude: float = 0.1, seconds: float = 1.0) -> Audio:
    t = np.arange(int(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def theremin(latents: Floats) -> Audio:
    """Latent 0 is loudness (6 dB per unit), latent 1 pitch (an octave per unit), latent 2 nothing at all."""
    seconds = len(latents) * HOP / RATE
    return tone(440.0 * 2.0 ** latents[0, 1], 0.1 * 2.0 ** latents[0, 0], seconds)[: len(latents) * HOP]


def test_descriptors_of_a_sine() -> None:
    sound = describe(tone(900.0, 0.5), RATE)
    assert sound.loudness_db == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)
    assert sound.centroid_octaves == pytest.approx(np.log2(9.0), abs=0.02)
    assert sound.bands_db.argmax() == 9
    assert sound.peak == pytest.approx(0.5, abs=1e-3)


def test_noise_is_flat_and_a_tone_is_not() -> None:
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32)
    assert describe(noise, RATE).flatness_db > -1.0
    assert describe(tone(440.0), RATE).flatness_db < -30.0


def test_silence_has_a_floor() -> None:
    sound = describe(np.zeros(RATE, np.float32), RATE)
    assert sound.loudness_db == -90.0
    assert np.isfinite(sound.bands_db).all()


def test_distance_of_bands_follows_gain() -> None:
    quiet, loud = describe(tone(440.0, 0.05), RATE), describe(tone(440.0, 0.5), RATE)
    assert band_distance_db(quiet, quiet) == 0.0
    assert band_distance_db(quiet, loud) == pytest.approx(20.0, abs=0.5)


def test_the_atlas_finds_what_each_latent_does() -> None:
    found = atlas.survey(theremin, np.zeros(3), np.array([1.0, 0.5, 1.0]), RATE)
    loud, pitch, nothing = found.axes
    assert loud.loudness_db == pytest.approx(24.1, abs=0.2)
    assert loud.centroid_octaves < 0.05
    assert pitch.centroid_octaves == pytest.approx(2.0, abs=0.1)
    assert pitch.loudness_db < 0.3
    assert not nothing.heard
    assert found.heard == 2
    assert "not heard" in atlas.table(found).splitlines()[4]


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    found = atlas.survey(theremin, np.zeros(3), np.ones(3), RATE)
    atlas.draw(found, "theremin", tmp_path / "atlas.png")
    assert (tmp_path / "atlas.png").read_bytes()[:4] == b"\x89PNG"


def test_words_say_what_a_known_voice_does() -> None:
    found = atlas.survey(theremin, np.zeros(3), np.ones(3), RATE)
    assert [atlas_words.in_words(axis).split(",")[0] for axis in found.axes] == [
        "loudness up",
        "pitch up",
        "hardly heard",
    ]
    assert (atlas_words.axis_of(found, "loudness"), atlas_words.axis_of(found, "pitch")) == (0, 1)
    assert atlas_words.plane_in_words(found, 0, 1) == "loudness across, pitch up"
    assert atlas_words.plane_in_words(found, 0, 2) == "one movement"
    told = atlas_words.as_json(found, "theremin")
    # 6 dB a unit from -2 to 2, in steps of 1.5 dB; an octave a unit, in half semitones.
    assert told["latents"][0]["traits"]["loudness"]["steps"] == pytest.approx(16.05, abs=0.2)
    assert told["latents"][1]["traits"]["pitch"]["steps"] == pytest.approx(96.0, rel=0.02)


def test_pitch_and_roughness_of_known_sounds() -> None:
    for hz in (110.0, 440.0, 1500.0):
        sound = describe(tone(hz), RATE)
        assert sound.pitch_hz == pytest.approx(hz, rel=0.02)
        assert sound.pitch_confidence > 0.95
    noise = np.random.default_rng(2).standard_normal(RATE).astype(np.float32)
    assert describe(noise, RATE).pitch_confidence < 0.5
    beating = tone(440.0) + tone(500.0)  # 60 Hz apart: rough; alone: smooth
    assert describe(beating, RATE).roughness > 10 * describe(tone(440.0), RATE).roughness
