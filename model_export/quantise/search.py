"""Chooses for every layer how narrow its weights and its input may be: mixed precision.

Every layer begins at the narrowest choice of the mode. Then the widening that takes away the most error for
what it costs comes first, until the errors of all layers together are below the wanted one. Errors are those
that each layer alone makes in the sound; they add as powers, because their causes are independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Choice(NamedTuple):
    """Bits of a layer's weights and of its input; 32: floats, and so is the arithmetic."""

    weights: int
    input: int


# From the narrowest to the widest, by mode.
LADDERS = {
    "w8": (Choice(8, 32), Choice(16, 32)),
    "w8a16": (Choice(8, 16), Choice(16, 32)),
    "w8a8": (Choice(8, 8), Choice(8, 16), Choice(16, 32)),
}
# Time of a multiplication, in float multiplications, where the processor has instructions for bytes.
_TIME = {Choice(8, 8): 0.3, Choice(8, 16): 0.55, Choice(8, 32): 1.0, Choice(16, 32): 1.0}
# Float multiplications in the time of reading a byte of weights: about two on a laptop, ten on a Cortex-A8.
_TIME_OF_A_BYTE = 4.0
_BYTES_READ = {Choice(8, 8): 1, Choice(8, 16): 1, Choice(8, 32): 4, Choice(16, 32): 4}
# Where the wanted error is out of reach, a layer has to gain this much to be made slower for it.
_WORTH_DB = 0.25


@dataclass(frozen=True)
class Layer:
    """One layer: number of weights, rows of output in a call, error power by choice."""

    weights: int
    rows: int
    errors: Mapping[Choice, float]

    def cost(self, choice: Choice) -> float:
        """Time of one call, in float multiplications."""
        return self.weights * (self.rows * _TIME[choice] + _TIME_OF_A_BYTE * _BYTES_READ[choice])


def choose(layers: Mapping[str, Layer], mode: str, wanted: float, room: float) -> dict[str, Choice]:
    """A choice for every layer.

    Args:
        layers: by the name of their output.
        mode: one of LADDERS.
        wanted: error power of all layers together.
        room: bytes by which the weights may grow beyond 8 bits.
    """
    ladder = LADDERS[mode]
    chosen, room = dict.fromkeys(layers, ladder[0]), max(room, 0.0)
    steps: list[tuple[str, Choice, float]] = []  # layer, what it was before, what the step gained
    left = sum(layer.errors[ladder[0]] for layer in layers.values())
    while left > wanted:
        found = _best_step(layers, ladder, chosen, room)
        if found is None:
            return _without_the_vain(chosen, steps, left)
        key, wider = found
        gain = layers[key].errors[chosen[key]] - layers[key].errors[wider]
        steps.append((key, chosen[key], gain))
        room -= _growth(layers[key], chosen[key], wider)
        left -= gain
        chosen[key] = wider
    return chosen


def _growth(layer: Layer, now: Choice, wider: Choice) -> int:
    return layer.weights * (wider.weights - now.weights) // 8


def _best_step(
    layers: Mapping[str, Layer], ladder: tuple[Choice, ...], chosen: Mapping[str, Choice], room: float
) -> tuple[str, Choice] | None:
    best, found = 0.0, None
    for key, layer in layers.items():
        now = chosen[key]
        for wider in ladder[ladder.index(now) + 1 :]:
            gain = layer.errors[now] - layer.errors[wider]
            worth = gain / max(layer.cost(wider) - layer.cost(now), 1.0)
            if worth > best and _growth(layer, now, wider) <= room:
                best, found = worth, (key, wider)
    return found


def _without_the_vain(
    chosen: dict[str, Choice], steps: list[tuple[str, Choice, float]], left: float
) -> dict[str, Choice]:
    """Takes back, last step first, what gained too little."""
    kept = dict(chosen)
    touched: set[str] = set()
    for key, before, gain in reversed(steps):
        if key not in touched and 10 * np.log10((left + gain) / max(left, 1e-300)) < _WORTH_DB:
            kept[key] = before
            left += gain
        else:
            touched.add(key)  # an earlier step of a layer whose later one stays is part of it
    return kept
