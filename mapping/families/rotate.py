"""Rotate: y = exp(e pi A) P u, a turn in latent space that one live knob takes from wire to all in all.

P wires one touch channel to each latent. A is a random skew-symmetric matrix of spectral norm 1, so
exp(e pi A) is a rotation for every e: it loses nothing and moves nothing faster. Its real invariant planes
are computed once (real Schur form A = V blockdiag([[0, theta], [-theta, 0]]) V^T); only sines remain:

    exp(e pi A) = I + V blockdiag(R(theta_k e pi) - I) V^T

Written as the identity plus a turn, e = 0 gives the wire to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.linalg
import spox.opset.ai.onnx.v17 as op
from spox import Var

from calibration.model import CHANNELS
from graphs.clock import Clock
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import StatefulGraph, const, shape_const
from mapping.channels import wiring
from mapping.seeded import settled

Array = npt.NDArray[np.float64]

IN_WORDS = "turn: from one control per latent to all in all, nothing lost"
ENTANGLEMENT = Knob(0.0, 1.0, 0.5)


@dataclass(frozen=True)
class Planes:
    """The turn in its invariant planes.

    Attributes:
        wire: [Z, 12] P, the first Z rows of the wired space.
        into: [2K, 12] touch to coordinates in the K planes, all first ones and then all second ones.
        out: [Z, 2K] back to latents.
        angle: [K] turn of each plane at e = 1, in radians, 0..pi.
    """

    wire: Array
    into: Array
    out: Array
    angle: Array


def generator(size: int, seed: int) -> Array:
    """A random skew-symmetric matrix [size, size] of spectral norm 1."""
    draw = np.random.default_rng(seed).standard_normal((size, size))
    skew = draw - draw.T
    return np.asarray(skew / np.linalg.norm(skew, 2))


def planes(latents: int, seed: int) -> Planes:
    """Wire, planes and angles for Z latents and a seed, the same to the bit on every machine."""
    wire = wiring(latents)
    angle, ones, others = _settled_planes(*scipy.linalg.schur(generator(len(wire), seed), output="real"))
    frame = np.concatenate([ones, others], axis=1)
    return Planes(wire[:latents], settled(frame.T @ wire), settled(frame[:latents]), settled(math.pi * angle))


def _settled_planes(schur: Array, basis: Array) -> tuple[Array, Array, Array]:
    """Angles [K] of 0..1 and the two axes [size, K] of each plane, widest turn first.

    A plane has no axes of its own, and libraries choose them as they like. Here the axis with the largest
    share of the plane lies wholly on the plane's first.
    """
    first = np.flatnonzero(np.abs(np.diag(schur, 1)) > 1e-12)
    first = first[np.concatenate(([True], np.diff(first) > 1))] if len(first) else first
    angle, ones, others = schur[first, first + 1], basis[:, first], basis[:, first + 1]
    ones, others = np.where(angle > 0, ones, others), np.where(angle > 0, others, ones)
    order = np.argsort(-np.abs(angle))
    angle, ones, others = np.abs(angle)[order], ones[:, order], others[:, order]
    widest, each = np.argmax(ones**2 + others**2, axis=0), np.arange(len(angle))
    length = np.hypot(ones[widest, each], others[widest, each])
    cosine, sine = ones[widest, each] / length, others[widest, each] / length
    return angle, cosine * ones + sine * others, cosine * others - sine * ones


def lipschitz(latents: int, seed: int, knobs: Mapping[str, float]) -> float:
    """The bound of y against touch: that of the wire, at every entanglement."""
    del seed, knobs
    return float(np.linalg.norm(wiring(latents)[:latents], 2))


def build(graph: StatefulGraph, clock: Clock, touch: Var, latents: int, seed: int) -> Var:
    """y [Z] for touch [12], with the live knob `entanglement`: 0 is the wire, 1 the full turn."""
    turn = planes(latents, seed)
    count = len(turn.angle)
    entanglement = glide(graph, clock, "entanglement", ENTANGLEMENT)
    column = op.reshape(touch, shape_const([CHANNELS, 1]))
    wired = op.reshape(op.matmul(const(turn.wire), column), shape_const([latents]))
    inside = op.reshape(op.matmul(const(turn.into), column), shape_const([2 * count]))
    first = op.slice(inside, shape_const([0]), shape_const([count]), shape_const([0]))
    second = op.slice(inside, shape_const([count]), shape_const([2 * count]), shape_const([0]))
    angle = op.mul(const(turn.angle), entanglement)
    half = op.sin(op.mul(angle, const(0.5)))
    less = op.mul(op.mul(half, half), const(-2.0))  # cos(angle) - 1 without cancellation
    sine = op.sin(angle)
    moved_first = op.add(op.mul(less, first), op.mul(sine, second))
    moved_second = op.sub(op.mul(less, second), op.mul(sine, first))
    moved = op.reshape(op.concat([moved_first, moved_second], axis=0), shape_const([2 * count, 1]))
    return op.add(wired, op.reshape(op.matmul(const(turn.out), moved), shape_const([latents])))
