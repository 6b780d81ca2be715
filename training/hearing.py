"""What an encoder of ours hears, in numpy and as a graph; no PyTorch.

A mel spectrum of a window that ends with each latent frame, its loudness and its shape, and a small network
of the last five frames: `training.ears` teaches it, `lodestone teach` plays it in ONNX Runtime.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import onnx
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.card import Card, attach_card
from graphs.stateful import StatefulGraph, const, shape_const
from model_export.encoder import KIND

Floats = npt.NDArray[np.float32]
MELS = 64
FLOOR, SILENCE = 1e-4, 1e-9
SLOPE = 0.2
TAPS, LAYERS = 3, 2
CONTEXT = LAYERS * (TAPS - 1)
"""Frames before the present one that the network looks at."""
WEIGHTS = ("first", "second", "last")


def window_of(hop: int) -> int:
    """Samples of the spectrum: 23 ms at 44.1 kHz, or two frames where those are longer."""
    return max(1024, 2 * hop)


def late_frames(hop: int) -> int:
    """Frames from a latent to the present: the middle of the window lies on the sound of that latent."""
    return -(-window_of(hop) // (2 * hop))


def mel_filters(count: int, window: int, rate: int, low: float = 40.0) -> npt.NDArray[np.float64]:
    """[count, window / 2 + 1] triangles, evenly spaced in mel from `low` Hz to half the rate."""

    def mel(hertz: npt.NDArray[np.float64] | float) -> npt.NDArray[np.float64]:
        return np.asarray(2595 * np.log10(1 + np.asarray(hertz) / 700))

    points = 700 * (10 ** (np.linspace(mel(low), mel(rate / 2), count + 2) / 2595) - 1)
    frequency = np.fft.rfftfreq(window, 1 / rate)
    # A triangle is at least two bins wide: low ones would otherwise miss every bin.
    width = rate / window
    rows = []
    for left, middle, right in zip(points, points[1:], points[2:], strict=False):
        rise = (frequency - middle) / max(middle - left, width) + 1
        fall = (middle - frequency) / max(right - middle, width) + 1
        rows.append(np.clip(np.minimum(rise, fall), 0, None))
    return np.stack(rows)


def hann(window: int) -> Floats:
    """[window] of a periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


def mel_powers(sound: Floats, hop: int, rate: int) -> Floats:
    """[T, MELS] of sound [N]: the power in each band of a window that ends with each frame."""
    window = window_of(hop)
    padded = np.concatenate([np.zeros(window - hop, np.float32), sound[: len(sound) // hop * hop]])
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    power = np.abs(np.fft.rfft(frames * hann(window), axis=1)) ** 2 * (4.0 / window**2)
    return np.asarray(power @ mel_filters(MELS, window, rate).T, np.float32)


def features(mel: Floats) -> Floats:
    """[T, 1 + MELS] of powers [T, MELS]: loudness in units of 10 dB, the logarithm of each band's share."""
    whole = mel.sum(1, keepdims=True)
    share = np.log(mel / (whole + SILENCE) + FLOOR)
    return np.asarray(np.concatenate([np.log10(whole + SILENCE), share], 1), np.float32)


def encoder(weights: Mapping[str, Floats], name: str, rate: int, hop: int) -> onnx.ModelProto:
    """The encoder as a graph of one frame a call, with its card.

    Args:
        weights: `first`, `second`, `last` with `.weight` [out, in, taps] and `.bias` [out]: of convolutions
            over frames of features.
        name: of the voice whose latents it gives.
        rate, hop: of that voice.
    """
    graph, window = StatefulGraph(), window_of(hop)
    audio = graph.input("audio", (1, 1, hop))
    past = window - hop + CONTEXT * hop
    state = graph.state("past", (1, 1, past))
    joined = op.concat([state.now, audio], axis=2)
    total = past + hop
    state.then = op.slice(joined, shape_const([total - past]), shape_const([total]), shape_const([2]))
    x = _features(op.reshape(joined, shape_const([1, total])), window, hop, rate)
    for layer in WEIGHTS:
        x = op.conv(x, const(weights[f"{layer}.weight"]), const(weights[f"{layer}.bias"]))
        x = x if layer == WEIGHTS[-1] else op.leaky_relu(x, alpha=SLOPE)
    graph.output("latent", x)
    digest = hashlib.sha256(b"".join(weights[key].tobytes() for key in sorted(weights))).hexdigest()
    count = int(weights["last.bias"].shape[0])
    card = Card(kind=KIND, name=name, latents=count, sample_rate=rate, hop=hop, frames=1,
                channels=1, delay_samples=late_frames(hop) * hop,
                parameters=sum(w.size for w in weights.values()),
                state_bytes=4 * past, source_sha256=digest)  # fmt: skip
    model = graph.build()
    attach_card(model, card)
    return model


def _features(sound: Var, window: int, hop: int, rate: int) -> Var:
    """[1, 1 + MELS, T] of sound [1, N], as `features` has it."""
    length = op.const(np.int64(window))
    spectrum = op.stft(sound, op.const(np.int64(hop)), const(hann(window)), length, onesided=1)
    power = op.reduce_sum(op.mul(spectrum, spectrum), shape_const([3]), keepdims=0)
    filters = mel_filters(MELS, window, rate).T * (4.0 / window**2)
    mel = op.transpose(op.matmul(power, const(filters)), perm=[0, 2, 1])
    whole = op.add(op.reduce_sum(mel, shape_const([1]), keepdims=1), const(SILENCE))
    share = op.log(op.add(op.div(mel, whole), const(FLOOR)))
    return op.concat([op.mul(op.log(whole), const(1.0 / np.log(10.0))), share], axis=1)
