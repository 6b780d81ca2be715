"""Bodies: latents are masses on springs, drawn by the hand and by each other; a moved marble swings on.

Each latent is a mass at y with a spring to x, a damper, and springs to its two neighbours on a ring:

    y'' = -k (y - x) - K L y - damping,   k = (2 pi f)^2, K = coupling k

In the modes of the ring (L = U diag(lambda) U^T) every mode is one oscillator of frequency w = 2 pi f
sqrt(1 + coupling lambda) that pulls to x_mode / (1 + coupling lambda), with the same damping ratio zeta <
1. It is moved by the exact solution for a target that stands still for one frame, so no knob and no frame
rate can feed it: its energy (w e)^2 + v^2 about the target never grows by itself. With the fading
f = exp(-zeta w t), the angle a = w sqrt(1 - zeta^2) t and s = sin(a) / (w sqrt(1 - zeta^2)) of a frame of t s

    e' = e + e (f cos a - 1 + zeta w f s) + v f s
    v' = v + v (f cos a - 1 - zeta w f s) - w^2 e f s

What is kept is e, the way to the target, and what a frame adds is computed by itself: a slow mode moves by a
millionth of its place in a frame, and f cos a, rounded at the last bits of 1, would bend thousands of them.

With `coupling` = 0 a held gesture comes to rest exactly at x, and no coupling makes a held gesture larger.
While it moves, each mode swings at most (1 + q) / (1 - q) times as far as its target ever was, the sum of
the swings of its step response, q = exp(-pi zeta / sqrt(1 - zeta^2)).
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
from mapping.products import matrix_times
from mapping.seeded import settled
from mapping.shapers import Around, Order
from mapping.taught import Taught

Array = npt.NDArray[np.float64]

IN_WORDS = "swing: latents are masses on springs that pull each other"
ORDER = Order.TIME

STIFFNESS_HZ = Knob(0.2, 12.0, 3.0, "Hz")
DAMPING = Knob(0.08, 0.98, 0.5)
COUPLING = Knob(0.0, 2.0, 0.3)


def modes(latents: int) -> tuple[Array, Array]:
    """U [Z, Z] orthonormal (discrete Fourier, real) and lambda [Z] of the ring's Laplacian, 0..4."""
    place = np.arange(latents)
    columns, values = [], []
    for mode in range(latents):
        turn = 2.0 * math.pi * ((mode + 1) // 2) / latents
        wave = np.cos(turn * place) if mode % 2 == 1 or mode == 0 else np.sin(turn * place)
        columns.append(wave / np.linalg.norm(wave))
        values.append(2.0 - 2.0 * math.cos(turn) if latents > 2 else 2.0 * (mode > 0))
    return settled(np.stack(columns, axis=1)), settled(values)


def build(graph: StatefulGraph, clock: Clock, x: Var, around: Around) -> Var:
    """y [Z] for x [Z], with the knobs `stiffness` (Hz), `damping` and `coupling`; no random choice."""
    latents = around.latents
    basis, stretch = modes(latents)
    stiffness = glide(graph, clock, "stiffness", STIFFNESS_HZ)
    damping = glide(graph, clock, "damping", DAMPING)
    coupling = glide(graph, clock, "coupling", COUPLING)
    away, speed = graph.state("bodies away", (latents,)), graph.state("bodies speed", (latents,))
    aim = graph.state("bodies aim", (latents,))
    firm = op.add(const(1.0), op.mul(coupling, const(stretch)))
    aim.then = op.div(matrix_times(basis.T, x), firm)
    pulse = op.mul(op.mul(stiffness, const(2.0 * math.pi)), op.sqrt(firm))
    swing = op.mul(pulse, op.sqrt(op.sub(const(1.0), op.mul(damping, damping))))
    decay = op.mul(pulse, damping)
    from_aim = op.add(away.now, op.sub(aim.now, aim.then))
    lost, less, sine = _turn(op.mul(decay, clock.dt), op.mul(swing, clock.dt))
    fading = op.div(op.mul(op.add(const(1.0), lost), sine), swing)
    turned, pulled = op.add(lost, op.mul(op.add(const(1.0), lost), less)), op.mul(decay, fading)
    nearer = op.add(op.mul(from_aim, op.add(turned, pulled)), op.mul(speed.now, fading))
    falling = op.mul(op.mul(pulse, pulse), op.mul(from_aim, fading))
    faster = op.sub(op.mul(speed.now, op.sub(turned, pulled)), falling)
    still = const(np.zeros(latents))
    away.then = op.where(clock.fresh, still, op.add(from_aim, nearer))
    speed.then = op.where(clock.fresh, still, op.add(speed.now, faster))
    return matrix_times(basis, op.add(aim.then, away.then))


def _turn(fading: Var, angle: Var) -> tuple[Var, Var, Var]:
    """exp(-fading) - 1, cos(angle) - 1 and sin(angle), each to its own last bits however small it is."""
    half = op.tanh(op.mul(fading, const(0.5)))
    lost = op.div(op.mul(half, const(-2.0)), op.add(const(1.0), half))
    part = op.sin(op.mul(angle, const(0.5)))
    return lost, op.mul(op.mul(part, part), const(-2.0)), op.sin(angle)


def farthest_swing(damping: float) -> float:
    """The bound on a swing, above."""
    q = math.exp(-math.pi * damping / math.sqrt(1.0 - damping**2))
    return (1.0 + q) / (1.0 - q)


def steepest(before: float, latents: int, seed: int, knobs: Mapping[str, float], taught: Taught) -> float:
    """The bound behind a mapping whose bound is `before`, at any moment after a gesture has changed."""
    del latents, seed, taught
    return before * farthest_swing(knobs.get("damping", DAMPING.default))
