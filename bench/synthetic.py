"""RAVE v2 decoders with random weights of unit variance, at any capacity, to measure and to test.

Topology and sizes after the published v2 configuration: first convolution of 3 taps, four stages of
upsampling by 2, 4, 4, 4 with dilated residual units, last convolution of 7 taps, amplitude modulation,
16-band PQMF of 33 taps.
"""

from __future__ import annotations

import json

import numpy as np
import onnx

from bench.graph_maker import GraphMaker

STAGES = ((2, (1, 3)), (4, (1, 3, 9)), (4, (1, 3, 9)), (4, (1, 3, 9)))
BANDS, PQMF_TAPS = 16, 33
FORMS = ("transposed", "subpixel", "rows")


class _Decoder:
    def __init__(self, capacity: int, latents: int, form: str, seed: int) -> None:
        self.capacity, self.latents, self.form = capacity, latents, form
        self.g = GraphMaker()
        self.rng = np.random.default_rng(seed)
        self.macs = 0

    def weight(self, *shape: int, gain: float = 1.0) -> str:
        depth = int(np.prod(shape[1:]))
        return self.g.constant(self.rng.normal(0, gain / np.sqrt(depth), shape))

    def bias(self, size: int) -> str:
        return self.g.constant(self.rng.normal(0, 0.1, size))

    def conv(
        self, x: str, size: tuple[int, int, int], taps: int, dilation: int = 1, gain: float = 1.0
    ) -> str:
        channels, out, length = size
        whole = self.g.history(x, channels, (taps - 1) * dilation, length)
        self.macs += channels * out * taps * length
        weight = self.weight(out, channels, taps, gain=gain)
        return self.g.node("Conv", whole, weight, self.bias(out), dilations=[dilation], kernel_shape=[taps])

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

    def build(self) -> onnx.ModelProto:
        g, frames = self.g, 1
        channels, length = self.capacity * 16, frames
        x = self.conv(g.input("latent", [1, self.latents, frames]), (self.latents, channels, length), 3)
        for ratio, dilations in STAGES:
            x = self.upsample(self.leaky(x), channels, length, ratio)
            channels, length = channels // 2, length * ratio
            for dilation in dilations:
                y = self.conv(self.leaky(x), (channels, channels, length), 3, dilation)
                x = g.node("Add", self.conv(self.leaky(y), (channels, channels, length), 1, gain=0.5), x)
        x = self.conv(self.leaky(x), (channels, 2 * BANDS, length), 7)
        a, b = g.slice(x, 1, 0, BANDS), g.slice(x, 1, BANDS, 2 * BANDS)
        bands = g.node("Tanh", g.node("Mul", a, g.node("Sigmoid", b)))
        audio = self._pqmf(bands, length)
        hop = length * BANDS
        g.output(audio, "audio", [1, 1, hop])
        card = {
            "format": "lodestone-card", "version": 1, "kind": "voice", "name": f"synthetic-{self.capacity}",
            "sample_rate": 44100, "hop": hop, "frames": frames, "latents": self.latents, "channels": 1,
            "delay_samples": 0, "macs_per_second": round(self.macs * 44100 / hop),
        }  # fmt: skip
        return g.model(json.dumps(card))

    def _pqmf(self, bands: str, length: int) -> str:
        g = self.g
        mask = np.ones((1, BANDS, length), np.float32)
        mask[:, 1::2, ::2] = -1
        whole = g.history(g.node("Mul", bands, g.constant(mask)), BANDS, PQMF_TAPS - 1, length)
        self.macs += BANDS * BANDS * PQMF_TAPS * length
        y = g.node("Conv", whole, g.constant(filter_bank()))
        y = g.node("Transpose", y, perm=[0, 2, 1])
        return g.node("Reshape", y, g.constant([1, 1, -1], np.int64))


def filter_bank() -> np.ndarray:  # type: ignore[type-arg]
    """A cosine-modulated synthesis bank as polyphase weights [phase, band, tap]: 70 dB Kaiser prototype of
    512 taps.
    """
    length = BANDS * (PQMF_TAPS - 1)
    n = np.arange(length + BANDS) - length / 2
    prototype = np.sinc(n * 0.53 / BANDS) * np.interp(
        n, np.arange(length + 1) - length / 2, np.kaiser(length + 1, 7.0)
    )
    band = np.arange(BANDS)[:, None]
    cosine = np.cos((2 * band + 1) * np.pi / (2 * BANDS) * n + (-1.0) ** band * np.pi / 4)
    taps = (prototype * cosine).reshape(BANDS, PQMF_TAPS, BANDS)
    return np.ascontiguousarray(taps.transpose(2, 0, 1)).astype(np.float32)


def decoder(capacity: int, form: str = "subpixel", latents: int = 16, seed: int = 1) -> onnx.ModelProto:
    """A causal v2 decoder; form one of FORMS: "transposed" is how the archives have it."""
    if form not in FORMS:
        raise ValueError(f"wanted one of {FORMS}, got {form!r}")
    if form == "rows":
        from bench.synthetic_rows import Rows

        return Rows(decoder(capacity, "subpixel", latents, seed)).build()
    return _Decoder(capacity, latents, form, seed).build()
