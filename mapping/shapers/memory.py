"""Memory: what was played a moment ago still sounds, in latents of its own (a leaky echo state, Jaeger 2001).

    h' = h + a (tanh(rho W h + V x) - h),  a = dt / (tau + dt),   y = (1 - m) x + m C h

W has spectral norm 1, so the states forget for every rho below 1: two pasts grow alike by the factor
1 - a (1 - rho) a frame. m = 0 is exactly x.

Lipschitz bound of a gesture held until it has settled: (1 - m) + m |C| |V| / (1 - rho). One frame moves y
by at most (1 - m) |dx| + m |C| a (2 sqrt(N)), whatever the hand does.
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
from graphs.stateful import StatefulGraph
from mapping.products import matrix_times
from mapping.seeded import draw, settled
from mapping.shapers import Around, Order
from mapping.taught import Taught

Array = npt.NDArray[np.float64]

IN_WORDS = "echo: what was played a moment ago goes on sounding"
ORDER = Order.TIME

NODES = 48
AMOUNT = Knob(0.0, 1.0, 0.4)
ECHO = Knob(0.0, 0.95, 0.8)
TIME_S = Knob(0.02, 4.0, 0.4, "s")
# Drive of a node by a gesture of one sigma: into the bend of tanh, not against its ceiling.
DRIVE = 0.7


def reservoir(latents: int, seed: int) -> tuple[Array, Array, Array]:
    """W [N, N] of norm 1, V [N, Z] and C [Z, N], by which y has about the spread of x."""
    inner = draw(seed, "memory inner", NODES, NODES)
    inner = settled(inner / (np.linalg.norm(inner, 2) * (1.0 + 1e-5)))  # the grid cannot take it above 1
    into = draw(seed, "memory into", NODES, latents)
    into = settled(into * (DRIVE / np.linalg.norm(into, axis=1, keepdims=True)))
    out = draw(seed, "memory out", latents, NODES)
    heard = math.sqrt(NODES) * math.tanh(DRIVE) * math.sqrt(0.5)
    out = settled(out / np.linalg.norm(out, axis=1, keepdims=True) * math.sqrt(NODES) / heard)
    return inner, into, out


def build(graph: StatefulGraph, clock: Clock, x: Var, around: Around) -> Var:
    """y [Z] for x [Z] in sigma, with the knobs `memory`, `echo` and `memory_time`."""
    inner, into, out = reservoir(around.latents, around.seed)
    amount = glide(graph, clock, "memory", AMOUNT)
    echo = glide(graph, clock, "echo", ECHO)
    time = glide(graph, clock, "memory_time", TIME_S)
    state = graph.state("memory", (NODES,))
    heard, driven = matrix_times(inner, state.now), matrix_times(into, x)
    leak = op.div(clock.dt, op.add(clock.dt, time))
    bent = op.tanh(op.add(op.mul(echo, heard), driven))
    state.then = op.add(state.now, op.mul(leak, op.sub(bent, state.now)))
    return op.add(x, op.mul(amount, op.sub(matrix_times(out, state.then), x)))


def lipschitz(latents: int, seed: int, amount: float, echo: float) -> float:
    """The bound above for a held gesture, at these knobs."""
    _, into, out = reservoir(latents, seed)
    gain = np.linalg.norm(out, 2) * np.linalg.norm(into, 2) / (1.0 - echo)
    return float(1.0 - amount + amount * gain)


def steepest(before: float, latents: int, seed: int, knobs: Mapping[str, float], taught: Taught) -> float:
    """The bound behind a mapping whose bound is `before`, at any moment after a gesture has changed."""
    del taught
    amount = knobs.get("memory", AMOUNT.default)
    return before * lipschitz(latents, seed, amount, knobs.get("echo", ECHO.default))
