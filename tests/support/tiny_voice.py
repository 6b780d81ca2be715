"""A voice of the present kind, tiny and of random weights: clocks, walk, noise, contours and all."""

from __future__ import annotations

import numpy as np
import onnx

from graphs.card import Card, LatentStatistics, attach_card
from model_export.graph.onnx_writer import initial_states, to_onnx
from training import bank, hearing
from training.layout import voice_graph
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
    # Two stages, both of one tap: 12 channels to 6 twice as often, 6 to 3 four times as often.
    conv("body.0.conv", 12, 12, 1)
    index = 1
    for width, dilations, then in ((6, (1, 3), (12, 1)), (3, (9,), None)):
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


def tiny_voice(
    weights: dict[str, np.ndarray], rest: np.ndarray | None = None, gain: float = 1.0
) -> onnx.ModelProto:
    """The graph with its card; `rest` [4]."""
    place = np.zeros(4, np.float32) if rest is None else rest
    graph = voice_graph(SETTINGS, weights, place, gain, RATE)
    model = to_onnx(graph, "tiny")
    noise = {f"noise.{k}": (d.distribution, d.value.shape) for k, d in enumerate(graph.draws)}
    quantiles = np.tile(np.array([-1.0, 0.0, 1.0], np.float32), (4, 1))
    probabilities = np.array([0.1, 0.5, 0.9], np.float32)
    latent = LatentStatistics(
        "corpus", np.zeros(4, np.float32), np.ones(4, np.float32), probabilities, quantiles
    )
    card = Card(
        "voice", "tiny", 4, RATE, 128, 1, 1, latent=latent, noise=noise, initial_state=initial_states(graph)
    )
    attach_card(model, card)
    return model


def tiny_encoder(latents: int = 4, seed: int = 0, hop: int = 128) -> onnx.ModelProto:
    """An encoder of ours with random weights, for the latents of the tiny voice."""
    random = np.random.default_rng(seed)
    shapes = {"first": (12, 1 + hearing.MELS, 3), "second": (12, 12, 3), "last": (latents, 12, 1)}
    weights = {}
    for name, shape in shapes.items():
        weights[f"{name}.weight"] = random.normal(0, 0.7 / np.sqrt(shape[1]), shape).astype(np.float32)
        weights[f"{name}.bias"] = random.normal(0, 0.1, shape[0]).astype(np.float32)
    return hearing.encoder(weights, "tiny", RATE, hop)
