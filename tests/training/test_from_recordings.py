"""Lessons out of recordings: the encoder's latents, and the recording where a student is to sound."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from graphs.card import attach_card, read_card
from model_export.encoder import Encoder
from tests.support.tiny_voice import RATE, random_weights, tiny_encoder, tiny_voice
from training import course, distillation, from_recordings
from training import lessons as room
from training.distillation import Wish
from training.errors import TrainingError
from training.lessons import HELD_OUT, Lessons

WISH = Wish("small", "bela", 10, capacity=2, minutes=0.1, licence="CC0 1.0")


@pytest.fixture
def taught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(room, "SECONDS", 0.6)
    monkeypatch.setattr(distillation, "SECONDS", 60.0)
    model = tiny_voice(random_weights())
    attach_card(model, dataclasses.replace(read_card(model), step_ms=(1.0, 3.0, 9.0)))
    distillation.prepare(model, WISH, tmp_path / "taught")
    return tmp_path / "taught"


def test_the_recording_is_asked_for_at_the_latents_that_the_encoder_hears(
    taught: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(from_recordings, "SECONDS", 1.0)
    monkeypatch.setattr(from_recordings, "SHORTEST_S", 0.25)
    sound = (0.1 * np.random.default_rng(0).standard_normal(int(2.3 * RATE))).astype(np.float32)
    encoder = Encoder(tiny_encoder())
    told = from_recordings.prepare(taught, [sound, sound[:100]], encoder, tmp_path / "recorded")
    assert told == course.read(tmp_path / "recorded")
    assert told.lessons == HELD_OUT + 3  # of 1, 1 and 0.3 s; what is shorter than that is left out
    ours, theirs = (
        Lessons(None, 128, folder / "lessons", told.own_delay) for folder in (tmp_path / "recorded", taught)
    )
    for number in range(HELD_OUT):
        assert np.array_equal(ours.lesson(number).sound, theirs.lesson(number).sound)
    made, late = ours.lesson(HELD_OUT), told.own_delay
    assert late > 0
    ratio = made.sound[late:] / sound[: len(made.sound) - late]
    assert ratio == pytest.approx(ratio[0], rel=1e-4)
    assert not made.sound[:late].any()
    whole = np.concatenate([ours.lesson(number).sound for number in range(HELD_OUT, told.lessons)])
    assert np.sqrt(np.square(whole).mean()) == pytest.approx(told.level, rel=0.02)
    answer = encoder.card.delay_samples // 128
    assert made.latents[:-answer] == pytest.approx(
        encoder.encode(sound[:RATE], still=True)[answer:], abs=1e-5
    )


def test_another_hop_and_no_sound_are_refused(taught: Path, tmp_path: Path) -> None:
    for encoder, said in (
        (tiny_encoder(hop=512), "the teacher's own hop"),
        (tiny_encoder(), "of 3 s or more"),
    ):
        with pytest.raises(TrainingError, match=said):
            from_recordings.prepare(taught, [np.zeros(2048, np.float32)], Encoder(encoder), tmp_path / "x")
    assert not (tmp_path / "x").exists()
