"""The decoder as a graph: shapes, memory, clocks and noise, without PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from graphs.card import Card, attach_card
from graphs.player import GraphPlayer
from model_export.graph.onnx_writer import initial_states, to_onnx
from training import bank
from training.layout import start_phases, voice_graph
from training.settings import Living, Network, Settings, Sound, Training

NETWORK = Network(
    ratios=(2, 4), dilations=((1, 3), (9,)), capacity=3, latents=4, taps=64, attenuation_db=40.0
)
SETTINGS = Settings("tiny", "", 1, NETWORK, Living(walk=0.3), Training(), (Sound("model:wind"),))
RATE = 44100


def random_weights(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    weights: dict[str, np.ndarray] = {}

    def conv(name: str, outputs: int, inputs: int, kernel: int) -> None:
        shape = (outputs, inputs, kernel)
        weights[f"{name}.weight"] = random.normal(0, 1.2 / np.sqrt(inputs * kernel), shape).astype(np.float32)
        weights[f"{name}.bias"] = random.normal(0, 0.1, outputs).astype(np.float32)

    conv("head", 12, 4, 1)
    conv("body.0.conv", 12, 12, 1)
    index = 1
    for width, dilations, then in ((6, (1, 3), (12, 2)), (3, (9,), None)):
        for _ in dilations:
            conv(f"body.{index}.first", width, width, 3)
            conv(f"body.{index}.second", width, width, 1)
            index += 1
        if then is not None:
            conv(f"body.{index}.conv", then[0], width, then[1])
            index += 1
    conv("contour", 16, 4, 1)
    conv("wave", 48, 3, 5)
    conv("level", 16, 3, 3)
    weights["bank"] = bank.synthesis(16, 64, 40.0)[:, None].astype(np.float32)
    weights["clock"] = (2 * np.pi * np.linspace(3, 40, 16) * 16 / RATE).astype(np.float32)
    return weights


def player(weights: dict[str, np.ndarray]) -> GraphPlayer:
    graph = voice_graph(SETTINGS, weights, np.zeros(4, np.float32), 1.0, RATE)
    model = to_onnx(graph, "tiny")
    noise = {f"noise.{k}": (d.distribution, d.value.shape) for k, d in enumerate(graph.draws)}
    attach_card(
        model, Card("voice", "tiny", 4, RATE, 128, 1, 1, noise=noise, initial_state=initial_states(graph))
    )
    return GraphPlayer(model, seed=3)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    # Two stages of one and two taps; the second upsampling has rate 4, so 3 channels become 12 outputs.
    given = random_weights()
    random = np.random.default_rng(9)
    given["body.0.conv.weight"] = random.normal(0, 0.4, (12, 12, 1)).astype(np.float32)
    given["body.3.conv.weight"] = random.normal(0, 0.4, (12, 6, 1)).astype(np.float32)
    return given


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


def test_rest_and_gain_are_laid_into_the_weights(weights: dict[str, np.ndarray], tmp_path: Path) -> None:
    rest = np.array([0.2, -0.4, 0.1, 0.3], np.float32)
    graph = voice_graph(SETTINGS, weights, rest, 0.5, RATE)
    model = to_onnx(graph, "tiny")
    noise = {f"noise.{k}": (d.distribution, d.value.shape) for k, d in enumerate(graph.draws)}
    attach_card(
        model, Card("voice", "tiny", 4, RATE, 128, 1, 1, noise=noise, initial_state=initial_states(graph))
    )
    moved, plain = GraphPlayer(model, seed=3), player(weights)
    for _ in range(20):
        a = moved.run({"latent": np.zeros((1, 4, 1))})["audio"]
        b = plain.run({"latent": rest[None, :, None]})["audio"]
        np.testing.assert_allclose(a, 0.5 * b, atol=2e-6)
