"""Weights on the grid of 8 bits: the quantiser finds it again; what is no convolution stays as it was."""

from __future__ import annotations

import numpy as np

from model_export.quantise.rounding import best_scale
from training.rounding import on_grid, rounded

DICE = np.random.default_rng(3)


def test_the_quantiser_finds_the_same_grid() -> None:
    made = rounded(DICE.normal(size=(24, 12, 3)).astype(np.float32)).reshape(24, -1).astype(np.float64)
    scale = best_scale(made, np.ones(made.shape[1]), 127)
    steps = made / scale[:, None]
    assert np.abs(steps - np.round(steps)).max() < 1e-4
    np.testing.assert_allclose(np.abs(steps).max(1), 127, atol=1e-4)


def test_rounding_is_near_and_done_once() -> None:
    weight = DICE.normal(size=(16, 32, 3)).astype(np.float32)
    made = rounded(weight)
    error = np.square(made - weight).sum() / np.square(weight).sum()
    assert 10 * np.log10(error) < -40
    np.testing.assert_allclose(rounded(made), made, rtol=1e-6)
    assert np.array_equal(rounded(np.zeros((2, 3, 1), np.float32)), np.zeros((2, 3, 1)))


def test_only_convolutions_of_the_body_are_rounded() -> None:
    weights = {
        name: DICE.normal(size=shape).astype(np.float32)
        for name, shape in {
            "body.0.conv.weight": (8, 4, 2),
            "body.0.conv.bias": (8,),
            "head.weight": (8, 4, 1),
            "contour.weight": (16, 4, 1),
            "wave.weight": (48, 8, 5),
            "bank": (16, 1, 64),
        }.items()
    }
    made = on_grid(weights)
    changed = {name for name in weights if not np.array_equal(made[name], weights[name])}
    assert changed == {"body.0.conv.weight", "wave.weight"}
