"""Streams a voice and watches what its convolutions hear, with states that evolve as in a performance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from graphs.card import read_card
from graphs.player import GraphPlayer
from model_export.errors import ExportError

Arrays = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Heard:
    """Inputs of one convolution: their covariance [depth, depth] (depth = taps, then channels), their range,
    and the rows that the convolution makes of them in a call.
    """

    covariance: npt.NDArray[np.float64]
    lowest: float
    highest: float
    rows: int


def latent_walk(model: onnx.ModelProto, frames: int, seed: int) -> list[Arrays]:
    """Inputs for `frames` calls: latents that wander with the statistics of the card, noise as the card
    says.
    """
    card = read_card(model)
    rng = np.random.default_rng(seed)
    shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
    if "latent" not in shapes:
        raise ExportError("a voice", "a graph without the input 'latent'", "quantise voices only")
    z = shapes["latent"][1]
    mean, spread = np.zeros(z), np.ones(z)
    if card.latent is not None and card.latent.mean.size == z:
        mean, spread = card.latent.mean, card.latent.std
    walk = rng.normal(size=shapes["latent"])
    feeds: list[Arrays] = []
    for _ in range(frames):
        walk = 0.7 * walk + np.sqrt(1 - 0.7**2) * rng.normal(size=walk.shape)
        feed = {"latent": (mean[:, None] + spread[:, None] * walk).astype(np.float32)}
        for name, shape in shapes.items():
            if name.startswith("noise."):
                uniform = card.noise[name][0] == "uniform"
                draw = rng.random(shape) if uniform else rng.normal(size=shape)
                feed[name] = draw.astype(np.float32)
        feeds.append(feed)
    return feeds


def listen(
    model: onnx.ModelProto, convolutions: list[onnx.NodeProto], feeds: list[Arrays]
) -> dict[str, Heard]:
    """What each convolution (by its output's name) hears while the voice plays `feeds`."""
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    known = {output.name for output in watched.graph.output}
    for name in dict.fromkeys(node.input[0] for node in convolutions):
        if name not in known and name not in {i.name for i in watched.graph.input}:
            watched.graph.output.append(onnx.ValueInfoProto(name=name))
    taps = {i.name: i.dims[2] for i in model.graph.initializer if len(i.dims) == 3}
    sums = {node.output[0]: _Covariance() for node in convolutions}
    ranges: dict[str, tuple[float, float]] = {}
    counts: dict[str, int] = {}
    player = GraphPlayer(watched)
    for feed in feeds:
        values = player.run(feed)
        for node in convolutions:
            x = values[node.input[0]] if node.input[0] in values else feed[node.input[0]]
            rows = patches(x, node, taps[node.input[1]])
            key = node.output[0]
            sums[key].add(rows)
            low, high = ranges.get(key, (0.0, 0.0))
            ranges[key] = min(low, float(x.min())), max(high, float(x.max()))
            counts[key] = rows.shape[0]
    return {key: Heard(s.total() / len(feeds), *ranges[key], counts[key]) for key, s in sums.items()}


class _Covariance:
    """Sum of rows^T rows, many rows at a time: one row alone would be an outer product of the whole depth."""

    AT_ONCE = 256

    def __init__(self) -> None:
        self.sum: npt.NDArray[np.float64] | float = 0.0
        self.waiting: list[npt.NDArray[np.float64]] = []

    def add(self, rows: npt.NDArray[np.float64]) -> None:
        self.waiting.append(rows)
        if sum(map(len, self.waiting)) >= self.AT_ONCE:
            self.total()

    def total(self) -> npt.NDArray[np.float64]:
        """Of all rows so far."""
        if self.waiting:
            rows = np.concatenate(self.waiting)
            self.sum = self.sum + rows.T @ rows
            self.waiting = []
        return np.asarray(self.sum)


def patches(x: npt.NDArray[np.float32], node: onnx.NodeProto, taps: int) -> npt.NDArray[np.float64]:
    """What a convolution multiplies with its weights, one row per output row: [rows, taps * channels]."""
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    dilation, stride = attributes.get("dilations", [1])[0], attributes.get("strides", [1])[0]
    channels_last = x.transpose(0, 2, 1).astype(np.float64)
    rows = (channels_last.shape[1] - (taps - 1) * dilation - 1) // stride + 1
    parts = [channels_last[:, k * dilation :][:, ::stride][:, :rows] for k in range(taps)]
    gathered = np.concatenate(parts, axis=2)
    return gathered.reshape(-1, gathered.shape[2])
