"""Fidelity: the same voice is near itself, another is not, and an axis that does something else is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from graphs.card import attach_card, read_card
from tests.support.tiny_voice import RATE, random_weights, tiny_voice
from training import fidelity
from training import lessons as room
from training.fidelity import alike, changes, discrepancy, distance
from training.teacher import Teacher

HOP = 128


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS", 2.0)
    monkeypatch.setattr(fidelity, "HELD_SECONDS", 0.4)
    monkeypatch.setattr(fidelity, "SETTLING_SECONDS", 0.2)


def timed(seed: int) -> onnx.ModelProto:
    """A tiny voice whose card says when a step is heard."""
    model = tiny_voice(random_weights(seed))
    attach_card(model, replace(read_card(model), step_ms=(0.3, 0.8, 2.0)))
    return model


@pytest.fixture(scope="module")
def voice() -> onnx.ModelProto:
    return timed(0)


def test_a_voice_is_near_itself_and_far_from_another(voice: onnx.ModelProto, tmp_path: Path) -> None:
    teacher = Teacher(voice)
    same = fidelity.figures(teacher, voice, tmp_path)
    other = fidelity.figures(teacher, timed(7), tmp_path)
    assert min(value for key, value in same.items() if key.startswith("axis_")) > 0.95
    assert same["distance"] < 0.9 * other["distance"]
    assert same["loudness_db"] < 0.5 < other["loudness_db"]
    assert same["centroid_octaves"] < other["centroid_octaves"]
    assert same["mmd"] < 0.02 < other["mmd"]
    assert other["axis_spectrum"] < 0.9


def test_latents_in_another_order_are_noticed(voice: onnx.ModelProto) -> None:
    teacher = Teacher(voice, 0)
    own = changes(lambda z: teacher.play(z, 1), teacher.card, HOP, RATE)
    turned = changes(lambda z: teacher.play(z[:, [1, 2, 3, 0]], 1), teacher.card, HOP, RATE)
    assert alike(own, own) == dict.fromkeys(("loudness", "centroid", "spectrum", "least"), 1.0)
    assert alike(own, turned)["least"] < 0.7
    still = {name: 0 * value for name, value in own.items()}
    assert alike(own, still)["spectrum"] == 0.0


def test_distance_grows_with_what_is_missing() -> None:
    random = np.random.default_rng(0)
    sound = (0.1 * random.standard_normal(RATE)).astype(np.float32)
    dull = np.convolve(sound, np.ones(8) / 8, "same").astype(np.float32)
    assert distance(sound, sound) == 0.0
    assert 0.1 < distance(sound, 0.8 * sound) < distance(sound, dull) < distance(sound, 0 * sound)


def test_discrepancy_heeds_how_often_not_when() -> None:
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 300, 4))
    assert abs(discrepancy(a, b)) < 0.01
    assert discrepancy(a, a[::-1]) < 0.001
    assert discrepancy(a, b + 1.0) > 0.1
