"""Weights on the grid of 8 bits before they ship: the exact voice and its 8-bit form are then the same
weights.

Every output channel of a convolution gets a step of its own, the one with the least square error among a few;
the largest weight lies 127 steps from zero, by which `model_export.quantise` finds the same grid again. What
rounding changes is small beside what training leaves open, and it is measured with everything else, because
all figures are those of the rounded weights. The filter bank, the layers on the latents alone and biases stay
exact.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
LEVELS = 127
SHRINKINGS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75)
CONVOLUTIONS = ("body.", "wave.", "level.")


def on_grid(weights: Mapping[str, Floats]) -> dict[str, Floats]:
    """The same weights, those of convolutions (`body.*`, `wave`, `level`; [out, in, taps]) rounded."""
    return {
        name: rounded(value) if name.startswith(CONVOLUTIONS) and value.ndim == 3 else value
        for name, value in weights.items()
    }


def rounded(weight: Floats) -> Floats:
    """[out, in, taps] with at most 255 values an output channel."""
    flat = weight.reshape(len(weight), -1).astype(np.float64)
    largest = np.maximum(np.abs(flat).max(1, keepdims=True), 1e-12)
    best, least = np.zeros_like(flat), np.full((len(flat), 1), np.inf)
    for shrinking in SHRINKINGS:
        step = (largest * shrinking / LEVELS).astype(np.float32).astype(np.float64)
        made = np.clip(np.round(flat / step), -LEVELS, LEVELS) * step
        error = np.square(made - flat).sum(1, keepdims=True)
        best, least = np.where(error < least, made, best), np.minimum(error, least)
    return best.reshape(weight.shape).astype(np.float32)
