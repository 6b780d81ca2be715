"""What each latent changes: pairs of places that differ in one, and what a teacher makes of them."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from graphs.card import read_card
from tests.support.tiny_voice import random_weights, tiny_voice
from tests.training.test_lessons import spoken
from training import axes
from training.axes import Axes, drawn, listened
from training.teacher import Teacher


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axes, "PAIRS", 12)
    monkeypatch.setattr(axes, "SETTLING_SECONDS", 0.1)
    monkeypatch.setattr(axes, "HELD_SECONDS", 0.2)


def test_a_pair_differs_in_one_latent_and_all_have_their_turn() -> None:
    card = read_card(tiny_voice(random_weights()))
    pairs = drawn(card, np.random.default_rng(1))
    apart = np.abs(pairs[:, 1] - pairs[:, 0])
    turns = np.arange(len(pairs)) % card.latents
    assert (apart[np.arange(len(pairs)), turns] > 0).all()
    apart[np.arange(len(pairs)), turns] = 0.0
    assert not apart.any()


def test_what_is_told_is_what_the_teacher_changes() -> None:
    """Of two latents one is played out as it is: it alone changes anything, and by its share in dB."""
    teacher = Teacher(spoken(64, 0), 0)
    found = listened(teacher)
    first, second = found.places[:, 0, 0], found.places[:, 1, 0]
    heard = (np.abs(first) > 1e-3) & (np.abs(second) > 1e-3)
    wanted = 20 * np.log10(np.abs(second) / np.maximum(np.abs(first), 1e-3))
    assert heard.sum() > 3
    np.testing.assert_allclose(found.changes[heard, 0], wanted[heard], atol=0.1)
    assert not found.changes[1::2].any(), "the second latent does nothing"


def test_both_of_a_pair_are_played_with_the_same_noise_and_pairs_with_others() -> None:
    teacher = Teacher(tiny_voice(random_weights()), 0)
    with mock.patch.object(teacher, "play", wraps=teacher.play) as play:
        listened(teacher)
    seeds = [call.args[1] for call in play.call_args_list]
    assert seeds[::2] == seeds[1::2]
    assert len(set(seeds)) == axes.PAIRS


def test_they_are_kept_and_what_is_damaged_counts_as_none(tmp_path: Path) -> None:
    assert axes.read(tmp_path) is None
    told = Axes(np.ones((3, 2, 4), np.float32), np.zeros((3, 24), np.float32))
    told.keep(tmp_path)
    kept = axes.read(tmp_path)
    assert kept is not None
    np.testing.assert_array_equal(kept.places, told.places)
    path = tmp_path / axes.NAME
    path.write_bytes(path.read_bytes()[:200])
    assert axes.read(tmp_path) is None
