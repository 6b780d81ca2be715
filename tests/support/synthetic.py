"""RAVE decoders with random weights of unit variance, to measure and to test: v2 at any capacity, designs of
a low hop, and the published configurations at their full size, with noise branches where those have them.
Causal, with a 16-band PQMF.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import onnx

from tests.support.graph_maker import GraphMaker
from tests.support.synthetic_noise import filtered_noise
from tests.support.synthetic_topologies import LOW_HOP, PUBLISHED, V2, Topology

BANDS = 16
FORMS = ("transposed", "subpixel", "rows")


class _Decoder:
    def __init__(self, topology: Topology, latents: int, form: str, seed: int, name: str = "") -> None:
        self.topology, self.latents, self.form = topology, latents, form
        self.name = name or f"synthetic-{topology.capacity}"
        self.g = GraphMaker()
        self.rng = np.random.default_rng(seed)
        self.macs = 0

    def weight(self, *shape: int, gain: float = 1.0) -> str:
        depth = int(np.prod(shape[1:]))
        return self.g.constant(self.rng.normal(0, gain / np.sqrt(depth), shape))

    def bias(self, size: int) -> str:
        return self.g.constant(self.rng.normal(0, 0.1, size))

    def conv(
        self,
        x: str,
        size: tuple[int, int, int],
        taps: int,
        dilation: int = 1,
        gain: float = 1.0,
        stride: int = 1,
    ) -> str:
        channels, out, length = size
        reach = stride if 1 < stride == taps // 2 else (taps - 1) * dilation
        whole = self.g.history(x, channels, reach, length)
        self.macs += channels * out * taps * (length // stride)
        weight = self.weight(out, channels, taps, gain=gain)
        steps = {"dilations": [dilation], "strides": [stride], "kernel_shape": [taps]}
        return self.g.node("Conv", whole, weight, self.bias(out), **steps)

    def upsample(self, x: str, channels: int, length: int, ratio: int) -> str:
        out = channels // 2
        self.macs += channels * out * 2 * ratio * length
        weight = self.rng.normal(0, 1 / np.sqrt(channels * 2), (channels, out, 2 * ratio)).astype(np.float32)
        bias = self.rng.normal(0, 0.1, out).astype(np.float32)
        if self.form == "subpixel":
            return self._subpixel(x, weight, bias, length)
        return self._overlap_add(x, weight, bias, length)

    def _overlap_add(self, x: str, weight: np.ndarray, bias: np.ndarray, length: int) -> str:  # type: ignore[type-arg]
        g, (_, out, taps) = self.g, weight.shape
        ratio = taps // 2
        full = g.node("ConvTranspose", x, g.constant(weight), strides=[ratio])
        state = g.input(f"state.{g.states}", [1, out, ratio])
        head = g.node("Add", g.slice(full, 2, 0, ratio), state)
        summed = g.node("Concat", head, g.slice(full, 2, ratio, (length + 1) * ratio), axis=2)
        g.output(
            g.slice(summed, 2, length * ratio, (length + 1) * ratio), f"next.{g.states}", [1, out, ratio]
        )
        g.states += 1
        body = g.slice(summed, 2, 0, length * ratio)
        return g.node("Add", body, g.constant(bias[:, None]))

    def _subpixel(self, x: str, weight: np.ndarray, bias: np.ndarray, length: int) -> str:  # type: ignore[type-arg]
        g, (channels, out, taps) = self.g, weight.shape
        ratio = taps // 2
        whole = g.history(x, channels, 1, length)
        split = weight.reshape(channels, out, 2, ratio)[:, :, ::-1]
        kernel = split.transpose(1, 3, 0, 2).reshape(out * ratio, channels, 2)
        y = g.node("Conv", whole, g.constant(kernel), g.constant(np.repeat(bias, ratio)))
        y = g.node("Reshape", y, g.constant([1, out, ratio, length], np.int64))
        y = g.node("Transpose", y, perm=[0, 1, 3, 2])
        return g.node("Reshape", y, g.constant([1, out, ratio * length], np.int64))

    def leaky(self, x: str) -> str:
        return self.g.node("LeakyRelu", x, alpha=0.2)

    def outer(self, x: str, channels: int) -> str:
        """The activation between the stages."""
        if not self.topology.snake:
            return self.leaky(x)
        g, alpha = self.g, self.rng.uniform(0.5, 2.0, (1, channels, 1))
        sine = g.node("Sin", g.node("Mul", g.constant(alpha), x))
        bent = g.node("Mul", g.node("Pow", sine, g.constant(2.0)), g.constant(1 / (alpha + 1e-9)))
        return g.node("Add", x, bent)

    def build(self) -> onnx.ModelProto:
        g, frames, form = self.g, 1, self.topology
        channels, length = form.channels, frames
        latent = g.input("latent", [1, self.latents, frames])
        x = self.conv(latent, (self.latents, channels, length), form.first_taps)
        for ratio, dilations in form.stages:
            x = self.outer(x, channels)
            if ratio > 1:
                x = self.upsample(x, channels, length, ratio)
                channels, length = channels // 2, length * ratio
            size = channels, channels, length
            if ratio == 1:
                x = self.conv(x, size, 3)
            for dilation in dilations:
                y = self.leaky(self.conv(self.leaky(x), size, 3, dilation))
                x = g.node("Add", self.conv(y, size, form.second_taps, gain=0.5), x)
        bands = self._bands(self.outer(x, channels), channels, length)
        audio = self._pqmf(bands, length)
        hop = length * BANDS
        g.output(audio, "audio", [1, 1, hop])
        noise = {}
        if form.noise is not None:
            shape = [1, length // form.noise.samples, BANDS, form.noise.samples]
            noise["noise.0"] = {"shape": shape, "distribution": "uniform"}
        card = {
            "format": "lodestone-card", "version": 1, "kind": "voice", "name": self.name,
            "sample_rate": 44100, "hop": hop, "frames": frames, "latents": self.latents, "channels": 1,
            "delay_samples": 0, "macs_per_second": round(self.macs * 44100 / hop),
            "noise": noise,
        }  # fmt: skip
        return g.model(json.dumps(card))

    def _bands(self, x: str, channels: int, length: int) -> str:
        g = self.g
        if self.topology.loudness:
            wave = g.node("Tanh", self.conv(x, (channels, BANDS, length), 7))
            open_ = g.node("Sigmoid", self.conv(x, (channels, 1, length), 3))
            loudness = g.node("Mul", g.node("Pow", open_, g.constant(2.3)), g.constant(2.0))
            return self._noisy(
                g.node("Mul", wave, g.node("Add", loudness, g.constant(1e-7))), x, channels, length
            )
        wave = self.conv(x, (channels, 2 * BANDS, length), 7)
        a, b = g.slice(wave, 1, 0, BANDS), g.slice(wave, 1, BANDS, 2 * BANDS)
        return g.node("Tanh", self._noisy(g.node("Mul", a, g.node("Sigmoid", b)), x, channels, length))

    def _noisy(self, wave: str, x: str, channels: int, length: int) -> str:
        """The waveform, with filtered noise by what the last stage gave where the configuration has it."""
        g, branch = self.g, self.topology.noise
        if branch is None:
            return wave
        frames = length
        for index, (wide, out, taps, stride) in enumerate(branch.layers(channels, BANDS)):
            x = self.conv(self.leaky(x) if index else x, (wide, out, frames), taps, stride=stride)
            frames //= stride
        net = g.node("Transpose", x, perm=[0, 2, 1])
        noise = g.node("Transpose", filtered_noise(g, branch, net, BANDS, frames), perm=[0, 2, 1, 3])
        return g.node("Add", wave, g.node("Reshape", noise, g.constant([1, BANDS, length], np.int64)))

    def _pqmf(self, bands: str, length: int) -> str:
        g = self.g
        mask = np.ones((1, BANDS, length), np.float32)
        mask[:, 1::2, ::2] = -1
        taps = self.topology.filter_taps
        whole = g.history(g.node("Mul", bands, g.constant(mask)), BANDS, taps - 1, length)
        self.macs += BANDS * BANDS * taps * length
        y = g.node("Conv", whole, g.constant(filter_bank(taps)))
        y = g.node("Transpose", y, perm=[0, 2, 1])
        return g.node("Reshape", y, g.constant([1, 1, -1], np.int64))


def filter_bank(taps: int = 33) -> np.ndarray:  # type: ignore[type-arg]
    """A cosine-modulated synthesis bank as polyphase weights [phase, band, tap]: 70 dB Kaiser prototype of
    512 samples with 33 taps.
    """
    length = BANDS * (taps - 1)
    n = np.arange(length + BANDS) - length / 2
    prototype = np.sinc(n * 0.53 / BANDS) * np.interp(
        n, np.arange(length + 1) - length / 2, np.kaiser(length + 1, 7.0)
    )
    band = np.arange(BANDS)[:, None]
    cosine = np.cos((2 * band + 1) * np.pi / (2 * BANDS) * n + (-1.0) ** band * np.pi / 4)
    taps = (prototype * cosine).reshape(BANDS, taps, BANDS)
    return np.ascontiguousarray(taps.transpose(2, 0, 1)).astype(np.float32)


def decoder(capacity: int, form: str = "subpixel", latents: int = 16, seed: int = 1) -> onnx.ModelProto:
    """A causal v2 decoder; form one of FORMS: "transposed" is how the archives have it."""
    return _build(_Decoder(replace(V2, capacity=capacity), latents, form, seed))


def published(name: str, form: str = "subpixel", capacity: int = 0, seed: int = 1) -> onnx.ModelProto:
    """A decoder of one of PUBLISHED, at its full size when no capacity is given."""
    topology = PUBLISHED[name]
    made = replace(topology, capacity=capacity or topology.capacity)
    return _build(_Decoder(made, 16, form, seed, name))


def low_hop(name: str, capacity: int, form: str = "subpixel", seed: int = 1) -> onnx.ModelProto:
    """A decoder of one of LOW_HOP, which hears eight latents."""
    return _build(_Decoder(replace(LOW_HOP[name], capacity=capacity), 8, form, seed, f"{name}-{capacity}"))


def _build(made: _Decoder) -> onnx.ModelProto:
    if made.form not in FORMS:
        raise ValueError(f"wanted one of {FORMS}, got {made.form!r}")
    if made.form == "rows":
        from tests.support.synthetic_rows import Rows

        made.form = "subpixel"
        return Rows(made.build()).build()
    return made.build()
