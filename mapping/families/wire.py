"""Wire: y = P u, one touch channel to each latent, as the published instrument is wired.

With fewer latents than the twelve channels some channels would be silent. The live knob `lean` folds each
of those into two latents, with opposite signs, so that nothing of the hand is without effect:

    y = D (P + lean F) u,   D scales each row to unit length

At `lean` = 0 this is the wire, exactly. Lipschitz bound: sqrt(2) at any setting and any Z, for the rows
have unit length and two of them share less than a whole channel.
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
from mapping.channels import channel_order, wiring

Array = npt.NDArray[np.float64]

IN_WORDS = "point: one control for each latent, and heights folded in as far as you like"
LEAN = Knob(0.0, 1.0, 0.0)


def folding(latents: int) -> Array:
    """F [Z, 12]: each channel that no latent listens to, into two latents; zero from twelve latents on."""
    matrix = np.zeros((latents, CHANNELS))
    for number, channel in enumerate(channel_order(latents)[latents:]):
        first, second = (2 * number) % latents, (2 * number + 1) % latents
        matrix[first, channel] += 1.0
        matrix[second, channel] -= 1.0 if second != first else 0.0
    return matrix


def build(graph: StatefulGraph, clock: Clock, touch: Var, latents: int, seed: int) -> Var:
    """y [Z] for touch [12], with the live knob `lean`; the seed changes nothing here."""
    del seed
    straight, folded = wiring(latents)[:latents], folding(latents)
    column = op.reshape(touch, shape_const([CHANNELS, 1]))
    y = op.reshape(op.matmul(const(straight), column), shape_const([latents]))
    if not folded.any():
        return y
    lean = glide(graph, clock, "lean", LEAN)
    also = op.reshape(op.matmul(const(folded), column), shape_const([latents]))
    square = op.mul(op.mul(lean, lean), const((folded**2).sum(axis=1)))
    return op.div(op.add(y, op.mul(lean, also)), op.sqrt(op.add(const(1.0), square)))


def lipschitz(latents: int, seed: int, knobs: Mapping[str, float]) -> float:
    """The bound of y against touch: the norm of D (P + lean F)."""
    del seed
    straight, folded, lean = wiring(latents)[:latents], folding(latents), knobs.get("lean", LEAN.default)
    rows = np.sqrt(1.0 + lean**2 * (folded**2).sum(axis=1, keepdims=True))
    return float(np.linalg.norm((straight + lean * folded) / rows, 2))
