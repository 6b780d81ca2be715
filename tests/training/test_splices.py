"""A slow teacher's jumps are answered at once in a lesson; all else sounds as the teacher plays it."""

from __future__ import annotations

import numpy as np
import pytest

from training.lessons import HANDS, corners
from training.splices import FADE_SECONDS, cuts, play_at_once, track

RATE, HOP, SLIDE = 44100, 512, 11000
ONE = np.ones(1, np.float32)


class Sliding:
    """Plays its first latent through a moving average of SLIDE samples: half of a step after half of it."""

    rate, hop, delay = RATE, HOP, SLIDE // 2

    def play(self, latents: np.ndarray, seed: int) -> np.ndarray:
        held = np.repeat(latents[:, 0], HOP).astype(np.float64)
        total = np.cumsum(np.concatenate([np.full(SLIDE, held[0]), held]))
        return np.asarray((total[SLIDE:] - total[:-SLIDE]) / SLIDE, np.float32)


def held_places(*places: tuple[float, int]) -> np.ndarray:
    return np.concatenate([np.full((frames, 1), value, np.float32) for value, frames in places])


def test_a_jump_between_held_places_is_heard_at_once() -> None:
    z = held_places((0.0, 60), (2.0, 50), (-1.0, 45), (1.0, 60), (-0.5, 60))
    sound = play_at_once(Sliding(), z, 1, ONE, SLIDE)
    wanted = np.repeat(z[:, 0], HOP)
    late = sound[Sliding.delay :]
    wrong = np.abs(late - wanted[: len(late)]) > 1e-4
    assert wrong.mean() < 5 * FADE_SECONDS * RATE / len(late)
    slow = Sliding().play(z, 1)[Sliding.delay :]
    assert (np.abs(slow - wanted[: len(slow)]) > 1e-4).mean() > 0.2


def test_a_glide_and_a_tremble_sound_as_the_teacher_plays_them() -> None:
    glide = np.linspace(0, 3, 200, dtype=np.float32)[:, None]
    tremble = np.random.default_rng(1).normal(0, 3, (200, 1)).astype(np.float32)
    for z in (glide, tremble):
        assert cuts(z, ONE, 4) == []
        np.testing.assert_array_equal(play_at_once(Sliding(), z, 1, ONE, SLIDE), Sliding().play(z, 1))


def test_jumps_too_near_to_another_keep_their_slide() -> None:
    z = held_places((0.0, 60), (2.0, 5), (0.0, 60))
    assert cuts(z, ONE, 10) == []
    np.testing.assert_array_equal(play_at_once(Sliding(), z, 1, ONE, SLIDE), Sliding().play(z, 1))


@pytest.mark.parametrize("seed", range(5))
def test_every_hand_stays_between_what_the_teacher_says_on_its_tracks(seed: int) -> None:
    random = np.random.default_rng(seed)
    for hand in HANDS:
        z = hand(400, RATE / HOP, 3, random).astype(np.float32)
        sound = play_at_once(Sliding(), z, seed, ONE, SLIDE)
        assert len(sound) == 400 * HOP
        assert np.abs(sound).max() <= np.abs(z).max() + 1e-4
    assert len(cuts(corners(400, RATE / HOP, 3, random).astype(np.float32), 0.5 * ONE, 20)) > 3


def test_a_track_plays_its_own_places_when_they_are_due() -> None:
    bounds = [0, 10, 20, 30, 40, 50, 60, 70]
    for first in range(3):
        index = track(70, bounds, first)
        for place in range(first, 7, 3):
            np.testing.assert_array_equal(index[10 * place : 10 * place + 10], np.arange(10) + 10 * place)
        assert (np.diff(index) >= 0).all()
