"""Snapshots: put a sound where a gesture is, and it is there again; between them, sounds blend.

    y = (w0 x + sum_i k_i c_i) / (w0 + sum_i k_i),   k_i = exp(-|t - t_i|^2 / 2 h^2)

t is the touch, t_i the gestures that were taught. Far from all of them w0 wins and x, what the mapping
before gives, sounds. The c_i are solved so that every taught sound comes back at its gesture at the default
width h; a wider h blurs neighbours together. A floor on h keeps the recall from jumping.

Lipschitz bound against touch, with P points and R the largest distance among the c_i and x:

    L(x) + (R / 2) sqrt(2 f) / h,   f = max over s in (0, P] of s ln(P / s) / (w0 + s)

for the Jacobian is a covariance of the c_i with the slopes (t_i - t) / h^2 under the weights.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import CHANNELS
from graphs.clock import Clock
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const, shape_const
from mapping.arbitrariness import BALL_SIGMAS
from mapping.seeded import settled
from mapping.shapers import Around, Order
from mapping.taught import Taught

Array = npt.NDArray[np.float64]

IN_WORDS = "put a sound here: taught gestures bring their sounds back"
ORDER = Order.PLACE

# Weight of the mapping before: at a taught gesture it may pull the sound by half a hundredth of the distance.
BEFORE = 0.005
NARROWEST, WIDEST = 0.12, 1.5
USUAL = 0.3


def width_for(taught: Taught) -> float:
    """The default h: USUAL, or less where gestures lie closer together."""
    if taught.points < 2:
        return USUAL
    apart = np.linalg.norm(taught.touch[:, None] - taught.touch[None], axis=2)
    nearest = float(apart[~np.eye(taught.points, dtype=bool)].min())
    return float(np.clip(0.7 * nearest, NARROWEST, USUAL))


def kept(taught: Taught, width: float) -> Array:
    """c [P, Z]: what each point must hold for the blend to pass through every taught sound."""
    apart = np.linalg.norm(taught.touch[:, None] - taught.touch[None], axis=2)
    kernel = np.exp(-(apart**2) / (2.0 * width**2))
    blend = kernel / (BEFORE + kernel.sum(axis=1, keepdims=True))
    return settled(np.linalg.solve(blend, taught.y))


def build(graph: StatefulGraph, clock: Clock, x: Var, around: Around) -> Var:
    """y [Z] for x [Z] in sigma, with the knob `recall`, the width h; x itself where nothing is taught."""
    taught, touch = around.taught, around.touch
    if taught.points == 0:
        return x
    usual, latents = width_for(taught), taught.y.shape[1]
    width = glide(graph, clock, "recall", Knob(NARROWEST, WIDEST, usual))
    away = op.sub(const(taught.touch), op.reshape(touch, shape_const([1, CHANNELS])))
    square = op.reduce_sum(op.mul(away, away), shape_const([1]), keepdims=0)
    kernel = op.exp(op.div(square, op.mul(const(-2.0), op.mul(width, width))))
    total = op.add(op.reduce_sum(kernel, shape_const([0]), keepdims=1), const(BEFORE))
    row = op.reshape(kernel, shape_const([1, taught.points]))
    held = op.reshape(op.matmul(row, const(kept(taught, usual))), shape_const([latents]))
    return op.div(op.add(op.mul(const(BEFORE), x), held), total)


def lipschitz(taught: Taught, before: float, reach: float, width: float) -> float:
    """The bound above: `before` is the bound of x, `reach` the largest |x|, both against touch."""
    if taught.points == 0:
        return before
    held = kept(taught, width_for(taught))
    among = np.linalg.norm(held[:, None] - held[None], axis=2).max()
    radius = max(float(among), float(np.linalg.norm(held, axis=1).max()) + reach)
    s = np.geomspace(1e-6, taught.points, 4000)
    steepest = float((s * np.log(taught.points / s) / (BEFORE + s)).max())
    return float(before + radius / 2.0 * np.sqrt(2.0 * steepest) / width)


def steepest(before: float, latents: int, seed: int, knobs: Mapping[str, float], taught: Taught) -> float:
    """The bound behind a mapping whose bound is `before`, while that one stays inside the ball."""
    del seed
    if taught.points == 0:
        return before
    width = knobs.get("recall", width_for(taught))
    return lipschitz(taught, before, BALL_SIGMAS * float(np.sqrt(latents)), width)
