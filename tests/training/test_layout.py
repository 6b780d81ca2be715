"""The decoder as a graph: shapes, memory, clocks and noise, without PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from graphs.player import GraphPlayer
from tests.support.tiny_voice import random_weights, tiny_voice
from training.layout import start_phases


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    return random_weights()


def player(weights: dict[str, np.ndarray]) -> GraphPlayer:
    return GraphPlayer(tiny_voice(weights), seed=3)


def held(stream: GraphPlayer, frames: int, quiet: bool) -> np.ndarray:
    latent = np.full((1, 4, 1), 0.5, np.float32)
    still = {
        name: np.full(shape, 0.5 if shape[1] == 16 else 0.0)
        for name, shape in stream.inputs.items()
        if name[:5] == "noise"
    }
    return np.concatenate(
        [stream.run({"latent": latent, **(still if quiet else {})})["audio"][0, 0] for _ in range(frames)]
    )


def test_a_held_note_never_repeats_even_without_noise(weights: dict[str, np.ndarray]) -> None:
    sound = held(player(weights), 200, quiet=True)[64 * 128 :].reshape(-1, 128)
    assert sound.std() > 1e-3
    for apart in range(1, 60):
        assert np.abs(sound[apart:] - sound[:-apart]).max() > 0.01 * np.abs(sound).max()


def test_noise_and_walk_come_from_outside_and_are_repeatable(weights: dict[str, np.ndarray]) -> None:
    first, again = held(player(weights), 20, quiet=False), held(player(weights), 20, quiet=False)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - held(player(weights), 20, quiet=True)).max() > 1e-3


def test_clocks_keep_their_angle_within_a_turn(weights: dict[str, np.ndarray]) -> None:
    stream = player(weights)
    held(stream, 3000, quiet=True)
    # Of the two states of this shape the other holds the contours, which are negative here.
    clock = max((s for s in stream.states.values() if s.shape == (1, 16, 1)), key=lambda s: float(s.max()))
    speed = weights["clock"].astype(np.float64) * 8
    wanted = (start_phases(16) + 3000 * speed) % (2 * np.pi)
    apart = np.angle(np.exp(1j * (clock[0, :, 0] - wanted)))
    assert np.abs(apart).max() < 1e-2
    assert clock.min() >= -1e-5
    assert clock.max() <= 2 * np.pi + 1e-5


def test_rest_and_gain_are_laid_into_the_weights(weights: dict[str, np.ndarray]) -> None:
    rest = np.array([0.2, -0.4, 0.1, 0.3], np.float32)
    model = tiny_voice(weights, rest, 0.5)
    moved, plain = GraphPlayer(model, seed=3), player(weights)
    for _ in range(20):
        a = moved.run({"latent": np.zeros((1, 4, 1))})["audio"]
        b = plain.run({"latent": rest[None, :, None]})["audio"]
        np.testing.assert_allclose(a, 0.5 * b, atol=2e-6)
