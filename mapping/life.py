"""Life: a slow movement around what is played, so that a held gesture never freezes into one frame.

Each latent adds a few sines whose periods have no common measure, mixed so that latents move together in
part:

    y + life SPREAD M sin(theta),   theta_k turning RATES_HZ[k] times a second

At `life` = 0 nothing is added, exactly. The movement is drawn from the seed and the same in every
performance.
"""

from __future__ import annotations

import math

import numpy as np
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.clock import Clock
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const
from mapping.phase import turning
from mapping.products import matrix_times
from mapping.seeded import directions, draw, settled

LIFE = Knob(0.0, 1.0, 0.0)
# Root mean square of each latent's movement at life = 1, in sigma.
SPREAD = 0.5
# From a breath of 17 s to a shimmer of 3 Hz. Steps of the golden ratio, stretched a little, for powers of it
# add up to one another: no two sums of these turns meet again.
RATES_HZ = settled(0.059 * ((1.0 + math.sqrt(5.0)) / 2.0) ** (np.arange(9) * 1.02))
# A shimmer as wide as the breath would be a tremolo: amplitudes fall with the root of the rate.
WEIGHTS = RATES_HZ**-0.5 / np.linalg.norm(RATES_HZ**-0.5)


def movement(latents: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """M [Z, K] of rows with root mean square 1 under turning sines, and the K starting angles."""
    mix = directions(seed, "life mix", latents, len(RATES_HZ)) * WEIGHTS
    mix = math.sqrt(2.0) * mix / np.linalg.norm(mix, axis=1, keepdims=True)
    start = np.mod(draw(seed, "life start", len(RATES_HZ)) * 10.0, 2.0 * math.pi)
    return settled(mix), settled(start)


def with_life(graph: StatefulGraph, clock: Clock, y: Var, latents: int, seed: int) -> Var:
    """y [Z] in sigma, with the slow movement of the knob `life` around it."""
    mix, start = movement(latents, seed)
    amount = glide(graph, clock, "life", LIFE)
    angle = turning(graph, clock, "life", const(RATES_HZ), start)
    return op.add(y, op.mul(amount, matrix_times(SPREAD * mix, op.sin(angle))))
