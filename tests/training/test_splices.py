"""A slow teacher's jumps are answered at once in a lesson; all else sounds as the teacher plays it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from training.lessons import FOR_A_SLIDE, HANDS, corners
from training.splices import FADE_SECONDS, MOST_TRACKS, cuts, play_at_once, shared_out, track

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
    """Places of 1.3 slides, and such that are held for half of one."""
    z = held_places((0.0, 60), (2.0, 28), (-1.0, 11), (1.0, 12), (-0.5, 11), (1.5, 12), (0.0, 11), (-1.5, 60))
    sound = play_at_once(Sliding(), z, 1, ONE, SLIDE)
    wanted = np.repeat(z[:, 0], HOP)
    late = sound[Sliding.delay :]
    wrong = np.abs(late - wanted[: len(late)]) > 1e-4
    assert wrong.mean() < 8 * FADE_SECONDS * RATE / len(late)
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
    for hand in (*HANDS, *FOR_A_SLIDE):
        z = hand(400, RATE / HOP, 3, random).astype(np.float32)
        sound = play_at_once(Sliding(), z, seed, ONE, SLIDE)
        assert len(sound) == 400 * HOP
        assert np.abs(sound).max() <= np.abs(z).max() + 1e-4
    assert len(cuts(corners(400, RATE / HOP, 3, random).astype(np.float32), 0.5 * ONE, 20)) > 3


def test_a_track_plays_its_own_places_when_they_are_due() -> None:
    places = [(0, 10), (30, 40), (60, 70)]
    index = track(90, places)
    for start, end in places:
        np.testing.assert_array_equal(index[start:end], np.arange(start, end))
    assert (np.diff(index) >= 0).all()
    assert set(index) == {frame for start, end in places for frame in range(start, end)}


def test_places_near_to_each_other_lie_on_tracks_of_their_own() -> None:
    bounds = [0, 20, 25, 30, 90, 95, 150]
    tracks = shared_out(bounds, 10)
    assert sorted(place for own in tracks for place in own) == list(range(6))
    for own in tracks:
        for one, other in pairwise(own):
            assert bounds[other] - bounds[one + 1] >= 20
    assert len(shared_out(list(range(0, 200, 2)), 50)) == MOST_TRACKS
    assert shared_out([0, 100], 10) == [[0]]
