"""Lessons: made from their number alone, kept as files, the teacher's delay taken out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from graphs.card import Card, LatentStatistics, attach_card
from tests.support.graph_maker import GraphMaker
from tests.support.tiny_voice import random_weights, tiny_voice
from training import lessons as room
from training.errors import TrainingError
from training.lessons import FOR_A_SLIDE, HANDS, HELD_OUT, Hand, Lessons, between, moves_one_alone, steps
from training.paths import of_told
from training.teacher import Teacher

RATE = 44100
FRAMES_HZ = 43.0


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SECONDS", 1.0)
    monkeypatch.setattr(room, "WARM_SECONDS", 0.1)


def spoken(hop: int, late: int, rate: int = RATE, gains: tuple[float, ...] = (1.0,)) -> onnx.ModelProto:
    """A voice that puts its first latent of two out as it is, `late` samples later, one gain a channel."""
    maker, channels = GraphMaker(), len(gains)
    row = maker.slice(maker.input("latent", [1, 2, 1]), 1, 0, 1)
    level = maker.node("Mul", row, maker.constant(np.tile(np.array(gains)[None, :, None], (1, 1, hop))))
    whole = maker.history(level, channels, late, hop)
    maker.output(maker.slice(whole, 2, 0, hop) if late else whole, "audio", [1, channels, hop])
    model = maker.model()
    curve = np.tile(np.array([-2.0, 0.0, 2.0], np.float32), (2, 1))
    spread = LatentStatistics(
        "prior", np.zeros(2, np.float32), np.ones(2, np.float32), np.array([0.1, 0.5, 0.9], np.float32), curve
    )
    attach_card(model, Card("voice", "spoken", 2, rate, hop, 1, channels, late, latent=spread))
    return model


@pytest.mark.parametrize("number", range(len(HANDS)))
def test_the_teachers_delay_is_taken_out_and_the_students_put_in(number: int, tmp_path: Path) -> None:
    lesson = Lessons(Teacher(spoken(64, 150), 150), 64, tmp_path, own_delay=40).lesson(number)
    assert len(lesson.sound) == 64 * len(lesson.latents)
    assert len(lesson.sound) > 0.9 * RATE
    np.testing.assert_allclose(lesson.sound[40:], np.repeat(lesson.latents[:, 0], 64)[:-40], atol=1e-6)
    assert np.abs(np.diff(lesson.latents, axis=0)).max() > 0, "the hand moves"


def test_a_teacher_that_answers_sooner_than_its_student_can(tmp_path: Path) -> None:
    lesson = Lessons(Teacher(spoken(64, 0), 0), 64, tmp_path, own_delay=40).lesson(2)
    np.testing.assert_allclose(lesson.sound[40:], np.repeat(lesson.latents[:, 0], 64)[:-40], atol=1e-6)


@pytest.mark.parametrize("hop", [16, 64, 256])
def test_a_student_of_another_hop_hears_what_the_teacher_played(hop: int, tmp_path: Path) -> None:
    """Held places are the same; what lies between differs by no more than the hand moved."""
    lesson = Lessons(Teacher(spoken(64, 0), 0), hop, tmp_path, own_delay=0).lesson(2)
    near = np.abs(np.repeat(lesson.latents[:, 0], hop) - lesson.sound)
    assert (near < 1e-6).mean() > 0.9


def test_between_frames_latents_glide_but_jumps_stay_jumps() -> None:
    z, spread = np.array([[0.0], [0.2], [3.0], [3.2]], np.float32), np.ones(1, np.float32)
    got = between(z, 4, 1, 16, spread)[:, 0]
    np.testing.assert_allclose(got[2:6], [0.025, 0.075, 0.125, 0.175], atol=1e-6)
    assert set(np.round(got[6:10], 3)) == {0.2, 3.0}
    np.testing.assert_array_equal(between(z, 4, 4, 4, spread), z)


def test_lessons_are_kept_repeatable_and_made_again_when_damaged(tmp_path: Path) -> None:
    lessons = Lessons(Teacher(tiny_voice(random_weights()), 30), 128, tmp_path / "a", 30)
    first = lessons.lesson(5)
    assert np.abs(first.sound).max() > 1e-3
    again = Lessons(None, 128, tmp_path / "a", 30).lesson(5)
    np.testing.assert_array_equal(first.sound, again.sound)
    path = lessons.file(5)
    path.write_bytes(path.read_bytes()[:1000])
    np.testing.assert_array_equal(lessons.lesson(5).sound, first.sound)
    assert np.abs(lessons.lesson(6).latents - first.latents).max() > 0.1
    with pytest.raises(TrainingError, match="lesson 9"):
        Lessons(None, 128, tmp_path / "a", 30).lesson(9)


def test_a_voice_of_ours_teaches_without_its_own_walk() -> None:
    """Its latents are the ones that were told: what it plays is the same for every seed but for its noise."""
    teacher = Teacher(tiny_voice(random_weights()), 0)
    assert teacher.ours
    still = teacher._still
    assert [still[name].shape for name in still] == [(1, 4, 1)]


def test_channels_are_mixed_and_high_rates_brought_down(tmp_path: Path) -> None:
    teacher = Teacher(spoken(64, 0, 96000, (0.2, 0.6)), 0)
    assert (teacher.rate, teacher.hop) == (48000, 32)
    sound = teacher.play(np.tile(np.float32([0.5, 0.0]), (100, 1)), 1)
    assert len(sound) == 3200
    assert sound[1000:2000] == pytest.approx(0.5 * 0.4, rel=0.01)
    with pytest.raises(TrainingError, match="at most 48000 Hz"):
        Teacher(spoken(64, 0, 88211), 0)


@pytest.mark.parametrize(("gain", "got"), [(0.0, "dBFS over"), (np.inf, "finite sound")])
def test_a_teacher_without_audible_sound_is_refused(gain: float, got: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=got) as caught:
        Lessons(Teacher(spoken(64, 0, gains=(gain,)), 0), 64, tmp_path, 0).level()
    assert "\n" not in str(caught.value)


def test_some_lessons_go_where_recordings_went(tmp_path: Path) -> None:
    path = np.full((3000, 2), 1.25, np.float32)
    lessons = Lessons(Teacher(spoken(64, 0), 0), 64, tmp_path, 0, paths=[path])
    followed = [number for number in range(12) if (lessons.lesson(number).latents == 1.25).all()]
    assert followed == [number for number in range(HELD_OUT, 12) if number % 3 == 0]


@pytest.mark.parametrize("hands", [HANDS, FOR_A_SLIDE])
def test_lessons_that_move_one_latent_alone_are_known_by_their_number(hands: tuple[Hand, ...]) -> None:
    """From one frame to the next, but for where another takes its turn."""
    for number, hand in enumerate(hands):
        moved = np.abs(np.diff(hand(4000, FRAMES_HZ, 6, np.random.default_rng(number)), axis=0)) > 1e-6
        together = (moved.sum(1) > 1).sum() / (moved.sum(1) > 0).sum()
        assert (together < 0.3) == (moves_one_alone(number) or hand is steps), number


@pytest.mark.parametrize(("slide", "trembles"), [(0, True), (3000, False)])
def test_a_hand_trembles_for_a_teacher_that_answers_at_once_alone(
    slide: int, trembles: bool, tmp_path: Path
) -> None:
    teacher = Teacher(spoken(64, 0), 0)
    z = Lessons(teacher, 64, tmp_path, 0, slide=slide).latents(4, teacher, 2000)
    moving = (np.abs(np.diff(z, axis=0)).max(1) > 1e-6).mean()
    assert (moving > 0.9) == trembles, moving


def strides(hand: Hand) -> np.ndarray:
    """How far the furthest of two latents goes in each of many frames, spreads a second."""
    y = hand(4000, FRAMES_HZ, 2, np.random.default_rng(1))
    return np.asarray(np.abs(np.diff(y, axis=0)).max(1) * FRAMES_HZ)


def test_hands_for_a_slide_move_slowly_or_at_once() -> None:
    """Nothing that a teacher who averages a third of a second would swallow: no tremble, no quick sweep."""
    for hand in FOR_A_SLIDE:
        stride = strides(hand)
        moves = np.flatnonzero(stride > 1e-6)
        if np.median(np.diff(moves)) == 1:
            assert np.quantile(stride, 0.95) < 9.0
        else:
            assert np.diff(moves).min() / FRAMES_HZ > 0.2
    assert any(np.quantile(strides(hand), 0.95) > 15.0 for hand in HANDS)


def test_told_latents_become_one_a_frame() -> None:
    times, told = np.arange(10) * 0.005 + 3.0, np.arange(10, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(of_told(times, told, 100.0)[:, 0], [0, 2, 4, 6])
