"""The decoder as a graph of our own, one latent frame a call, from arrays of weights, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from model_export.graph import Graph, Value
from model_export.graph.builder import Builder
from model_export.graph.ir import Draw, State
from model_export.graph.subpixel import interleave
from training.settings import Settings

Arrays = Mapping[str, npt.NDArray[np.float32]]
# As in training/network.py, which needs PyTorch.
SLOPE, SILENT, RAMP, EDGE_SECONDS, EDGE_SHARE = 0.2, -8.0, 64, 0.02, 0.5
TURN = 2 * np.pi


def start_phases(bands: int) -> npt.NDArray[np.float64]:
    """[bands] where the clocks stand at the start: nowhere near each other."""
    return np.asarray((0.7548776662 * np.arange(1, bands + 1) ** 2) % 1.0 * TURN)


class _Layout:
    """Builds values; collects states and draws."""

    def __init__(self, weights: Arrays) -> None:
        self.build, self.weights = Builder(), weights
        self.states: list[State] = []
        self.draws: list[Draw] = []

    def state(self, shape: list[int], initial: npt.NDArray[np.float32] | None = None) -> State:
        """A memory; its next value is set by the caller."""
        value = self.build.input(shape)
        state = State(value, value, initial)
        self.states.append(state)
        return state

    def draw(self, shape: list[int], distribution: str) -> Value:
        """A random input."""
        value = self.build.input(shape)
        self.draws.append(Draw(value, distribution))
        return value

    def number(self, value: float) -> Value:
        """A constant."""
        return self.build.constant(np.float32(value))

    def causal(
        self, x: Value, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32] | None, dilation: int
    ) -> Value:
        """A convolution that remembers its past."""
        past = (weight.shape[2] - 1) * dilation
        joined = x
        if past:
            state = self.state([1, x.shape[1], past])
            joined = self.build.concat([state.value, x], 2)
            state.next = self.build.slice(joined, 2, x.shape[2], x.shape[2] + past)
        given = None if bias is None else self.build.constant(bias)
        return self.build.convolve(joined, self.build.constant(weight), given, dilation=dilation)

    def conv(self, x: Value, name: str, dilation: int = 1) -> Value:
        """A convolution by its name in the network."""
        self.build.scope = name
        return self.causal(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"], dilation)

    def act(self, x: Value) -> Value:
        """LeakyReLU."""
        return self.build.emit("LeakyRelu", [x], x.shape, alpha=float(np.float32(SLOPE)))


def voice_graph(
    settings: Settings, weights: Arrays, rest: npt.NDArray[np.float32], gain: float, rate: int
) -> Graph:
    """The whole decoder for one frame of latents; latents of 0 are the place `rest` [Z] of the
    network's own.
    """
    layout = _Layout(weights)
    latent = layout.build.input([1, settings.network.latents, 1])
    z = _wandering(layout, settings, latent, rate)
    x = layout.act(_body(layout, settings, _pointwise(layout, z, "head", rest)))
    contour = _contours(layout, settings, _pointwise(layout, z, "contour", rest))
    audio = _join(layout, settings, _bands(layout, settings, x, contour, rate), gain)
    return Graph({"latent": latent}, {"audio": audio}, layout.states, layout.draws)


def _wandering(layout: _Layout, settings: Settings, latent: Value, rate: int) -> Value:
    """The latents and a slow walk of their own: w <- a w + sqrt(1 - a^2) n, of unit spread."""
    living = settings.living
    if living.walk <= 0:
        return latent
    build = layout.build
    keep = float(np.exp(-settings.network.hop / rate / living.walk_seconds))
    state = layout.state(list(latent.shape))
    noise = layout.draw(list(latent.shape), "normal")
    step = build.binary("Mul", noise, layout.number(float(np.sqrt(1 - keep**2))))
    state.next = build.binary("Add", build.binary("Mul", state.value, layout.number(keep)), step)
    return build.binary("Add", latent, build.binary("Mul", state.next, layout.number(living.walk)))


def _pointwise(layout: _Layout, z: Value, name: str, rest: npt.NDArray[np.float32]) -> Value:
    """A layer on the latents alone, counted from rest.

    A matrix product: it stays exact where convolutions go to 8 bits, and costs next to nothing once a frame.
    """
    weight, bias = layout.weights[f"{name}.weight"][:, :, 0], layout.weights[f"{name}.bias"]
    moved = (bias + weight.astype(np.float64) @ rest).astype(np.float32)
    layout.build.scope = name
    product = layout.build.matmul(layout.build.constant(weight[None]), z)
    return layout.build.binary("Add", product, layout.build.constant(moved[None, :, None]))


def _contours(layout: _Layout, settings: Settings, level: Value) -> Value:
    """Every band's level, gliding from the last frame's: its logarithm is a state."""
    build, count = layout.build, settings.network.bands
    steps = settings.network.hop // count
    level = build.binary("Min", build.binary("Max", level, layout.number(SILENT)), layout.number(1.5))
    state = layout.state([1, count, 1], np.full((1, count, 1), SILENT, np.float32))
    state.next = level
    glide = build.constant(
        np.minimum(1.0, np.arange(1, steps + 1) / min(steps, RAMP)).astype(np.float32)[None, None]
    )
    way = build.binary("Mul", build.binary("Sub", level, state.value), glide)
    return build.unary("Exp", build.binary("Add", state.value, way))


def _body(layout: _Layout, settings: Settings, x: Value) -> Value:
    index = 0
    for ratio, dilations in zip(settings.network.ratios, settings.network.dilations, strict=True):
        x = layout.conv(layout.act(x), f"body.{index}.conv")
        x = interleave(layout.build, x, ratio)
        index += 1
        for dilation in dilations:
            y = layout.conv(layout.act(x), f"body.{index}.first", dilation)
            y = layout.conv(layout.act(y), f"body.{index}.second")
            x = layout.build.binary("Add", x, y)
            index += 1
    return x


def _bands(layout: _Layout, settings: Settings, x: Value, contour: Value, rate: int) -> Value:
    """Sub-bands [1, M, T']: two waves against a clock, gated, and noise, under the contours."""
    build, count = layout.build, settings.network.bands
    weight, bias = layout.weights["wave.weight"], layout.weights["wave.bias"]
    noisy = "level.weight" in layout.weights
    if noisy:  # one convolution for both: the shorter kernel looks at the newest rows only
        level = layout.weights["level.weight"]
        wide = np.pad(level, ((0, 0), (0, 0), (weight.shape[2] - level.shape[2], 0)))
        weight = np.concatenate([weight, wide])
        bias = np.concatenate([bias, layout.weights["level.bias"]])
    build.scope = "wave"
    heads = layout.causal(x, weight, bias, 1)
    a, b, gate, *rest = (
        build.slice(heads, 1, k * count, (k + 1) * count) for k in range(weight.shape[0] // count)
    )
    cosine, sine = _clocks(layout, count, heads.shape[2])
    twice = build.binary("Mul", build.unary("Sigmoid", gate), layout.number(2.0))
    both = build.concat([build.binary("Mul", a, twice), build.binary("Mul", b, twice)], 1)
    both = _without_edges(layout, both, min(EDGE_SHARE, settings.network.hop / rate / EDGE_SECONDS))
    a, b = (build.slice(both, 1, k * count, (k + 1) * count) for k in range(2))
    w = build.binary("Add", build.binary("Mul", a, cosine), build.binary("Mul", b, sine))
    if noisy:
        amount = build.unary("Exp", build.binary("Min", rest[0], layout.number(1.0)))
        uniform = layout.draw(list(amount.shape), "uniform")
        both = build.binary("Sub", build.binary("Mul", uniform, layout.number(2.0)), layout.number(1.0))
        w = build.binary("Add", w, build.binary("Mul", amount, both))
    return build.unary("Tanh", build.binary("Mul", contour, w))


def _without_edges(layout: _Layout, x: Value, share: float) -> Value:
    """What stands still in a sub-band, and what does but for its sign, taken away: both whistle at
    its edges.
    """
    build = layout.build
    steps = x.shape[2]
    sign = build.constant((1.0 - 2.0 * (np.arange(steps) % 2)).astype(np.float32)[None, None])
    for wave in (None, sign):
        seen = x if wave is None else build.binary("Mul", x, wave)
        mean = build.reduce("ReduceMean", seen, [2], True)
        state = layout.state([1, x.shape[1], 1])
        way = build.binary("Mul", build.binary("Sub", mean, state.value), layout.number(share))
        state.next = build.binary("Add", state.value, way)
        away = state.next if wave is None else build.binary("Mul", state.next, wave)
        x = build.binary("Sub", x, away)
    return x


def _clocks(layout: _Layout, count: int, steps: int) -> tuple[Value, Value]:
    """cos and sin [1, M, T'] of clocks that go on from call to call; their angles are the state."""
    build = layout.build
    speed = layout.weights["clock"].astype(np.float64)
    state = layout.state([1, count, 1], start_phases(count).astype(np.float32).reshape(1, count, 1))
    ahead = build.binary(
        "Add", state.value, build.constant((speed * steps).astype(np.float32).reshape(1, count, 1))
    )
    turns = build.unary("Floor", build.binary("Mul", ahead, layout.number(1 / TURN)))
    state.next = build.binary("Sub", ahead, build.binary("Mul", turns, layout.number(TURN)))
    angle = build.constant((speed[:, None] * np.arange(steps)).astype(np.float32)[None])
    turned = build.binary("Add", state.value, angle)
    cosine, sine = build.unary("Cos", turned), build.unary("Sin", turned)
    return cosine, sine


def _join(layout: _Layout, settings: Settings, bands: Value, gain: float) -> Value:
    """The filter bank: y[t M + j] = sum over k and b of g_b[k M + j] s_b[t - k]."""
    count = settings.network.bands
    g = layout.weights["bank"][:, 0].astype(np.float64) * gain
    taps = g.shape[1] // count
    weight = g.reshape(count, taps, count).transpose(2, 0, 1)[:, :, ::-1]
    layout.build.scope = "bank"
    y = layout.causal(bands, np.ascontiguousarray(weight, np.float32), None, 1)
    return interleave(layout.build, y, count)
