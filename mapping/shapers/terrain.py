"""Terrain: the hand walks over a landscape of sines, y = W sin(2 pi f B x + phi).

B has FEATURES random directions of unit length, W draws each latent's mixture (random Fourier features,
Rahimi and Recht 2007; Tancik and others 2020). With f near 0 the land is a plain; with f near 1 every few
millimetres are another sound. The walker never stands still: x goes round a slow orbit of radius `orbit`.

Lipschitz bound against x: (1 - terrain) + terrain 2 pi f |W| |B|, spectral norms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.clock import Clock
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const
from mapping.phase import turning
from mapping.products import matrix_times
from mapping.seeded import directions, draw, settled
from mapping.shapers import Around, Order
from mapping.taught import Taught

Array = npt.NDArray[np.float64]

IN_WORDS = "walk: a landscape of sounds, rougher or smoother, that never stands quite still"
ORDER = Order.PLACE

FEATURES = 64
AMOUNT = Knob(0.0, 1.0, 1.0)
ROUGHNESS = Knob(0.02, 1.0, 0.15)
ORBIT = Knob(0.0, 1.0, 0.1, "sigma")
ORBIT_HZ = Knob(0.005, 0.5, 0.05, "Hz")
# The second axis of the orbit turns slower by the golden ratio: the figure never closes.
SECOND_TURN = 2.0 / (1.0 + math.sqrt(5.0))


def fourier_features(latents: int, seed: int) -> tuple[Array, Array, Array]:
    """B [FEATURES, Z], phi [FEATURES] and W [Z, FEATURES], by which each latent has a variance of one."""
    into = directions(seed, "terrain into", FEATURES, latents)
    phase = settled(np.mod(draw(seed, "terrain phase", FEATURES) * 10.0, 2.0 * math.pi))
    out = directions(seed, "terrain out", latents, FEATURES) * math.sqrt(2.0)
    return into, phase, settled(out)


def build(graph: StatefulGraph, clock: Clock, x: Var, around: Around) -> Var:
    """y [Z] for x [Z] in sigma, with the knobs `terrain`, `roughness`, `orbit` and `orbit_rate`."""
    latents, seed = around.latents, around.seed
    into, phase, out = fourier_features(latents, seed)
    amount = glide(graph, clock, "terrain", AMOUNT)
    rough = glide(graph, clock, "roughness", ROUGHNESS)
    radius = glide(graph, clock, "orbit", ORBIT)
    rate = glide(graph, clock, "orbit_rate", ORBIT_HZ)
    angle = turning(graph, clock, "orbit", op.mul(rate, const([1.0, SECOND_TURN])), np.zeros(2))
    axes = directions(seed, "terrain orbit", 2, latents)
    place = op.add(x, op.mul(radius, matrix_times(axes.T, op.sin(angle))))
    turns = matrix_times(2.0 * math.pi * into, place)
    high = matrix_times(out, op.sin(op.add(op.mul(rough, turns), const(phase))))
    return op.add(x, op.mul(amount, op.sub(high, x)))


def lipschitz(latents: int, seed: int, amount: float, roughness: float) -> float:
    """The bound above, at these knobs, with the orbit at rest."""
    into, _, out = fourier_features(latents, seed)
    steep = 2.0 * math.pi * roughness * np.linalg.norm(out, 2) * np.linalg.norm(into, 2)
    return float(1.0 - amount + amount * steep)


def steepest(before: float, latents: int, seed: int, knobs: Mapping[str, float], taught: Taught) -> float:
    """The bound behind a mapping whose bound is `before`."""
    del taught
    amount = knobs.get("terrain", AMOUNT.default)
    return before * lipschitz(latents, seed, amount, knobs.get("roughness", ROUGHNESS.default))
