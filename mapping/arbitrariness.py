"""From y in units of sigma to latents of one voice: ball limit, slew limit, the voice's own quantiles."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import scipy.special
import spox.opset.ai.onnx.v17 as op
from spox import Var

from graphs.clock import Clock
from graphs.stateful import StatefulGraph, const, shape_const
from mapping.latent_statistics import LatentStatistics

Array = npt.NDArray[np.float64]

# The ball: root mean square of y over the latents stays within this many sigma.
BALL_SIGMAS = 2.5
# Root mean square speed of y over the latents, in sigma per second: 0.3 sigma per frame at 200 Hz.
SLEW_SIGMAS_PER_S = 60.0
# Speed of any one latent: the others' rest is no leave for it to leap. 0.6 sigma per frame.
LATENT_SIGMAS_PER_S = 120.0
# Quantiles further out than this say more about the corpus's length than about the voice.
OUTERMOST_SIGMA = 3.3
_FAR = 1e6


def ball_limit(y: Var, latents: int) -> Var:
    """y min(1, R sqrt(Z) / |y|): inside the ball untouched, outside drawn to its surface."""
    radius = BALL_SIGMAS * math.sqrt(latents)
    length = op.sqrt(op.reduce_sum(op.mul(y, y), keepdims=1))
    return op.mul(y, op.div(const(radius), op.max([length, const(radius)])))


def slew_limit(graph: StatefulGraph, clock: Clock, y: Var, latents: int) -> Var:
    """Follows y in a straight line, at most SLEW_SIGMAS_PER_S sqrt(Z) and no latent by more than
    LATENT_SIGMAS_PER_S: a snatched magnet never clicks.
    """
    state = graph.state("latent", (latents,))
    most = op.mul(const(SLEW_SIGMAS_PER_S * math.sqrt(latents)), clock.dt)
    way = op.sub(y, state.now)
    length = op.sqrt(op.reduce_sum(op.mul(way, way), keepdims=1))
    alone = op.mul(const(LATENT_SIGMAS_PER_S), clock.dt)
    widest = op.reduce_max(op.abs(way), keepdims=1)
    slow = op.and_(op.less_or_equal(length, most), op.less_or_equal(widest, alone))
    near = op.or_(clock.fresh, slow)
    shares = (op.div(most, op.max([length, const(1e-9)])), op.div(alone, op.max([widest, const(1e-9)])))
    share = op.min([*shares, const(1.0)])
    state.then = op.where(near, y, op.add(state.now, op.mul(way, share)))
    return state.then


def to_voice(y: Var, statistics: LatentStatistics) -> Var:
    """z_j = Q_j(Phi(y_j)), or mean_j + std_j y_j where no quantiles are known.

    The quantile function is interpolated over y, not over probability: it then is straight for a normal
    latent, and goes on with its last slope beyond the outermost knot, so that no latent ever stands still.
    """
    if statistics.quantiles is None:
        return op.add(const(statistics.mean), op.mul(const(statistics.std), y))
    knots, values = quantile_knots(statistics)
    width = np.diff(knots)
    slopes = np.diff(values, axis=1) / width
    low = np.concatenate(([-_FAR], np.zeros(len(width) - 1)))
    high = np.concatenate((width[:-1], [_FAR]))
    column = op.reshape(y, shape_const([statistics.latents, 1]))
    inside = op.min([op.max([op.sub(column, const(knots[:-1])), const(low)]), const(high)])
    rise = op.reduce_sum(op.mul(inside, const(slopes)), shape_const([1]), keepdims=0)
    return op.add(const(values[:, 0]), rise)


def in_voice(y: npt.ArrayLike, statistics: LatentStatistics) -> Array:
    """Latents [..., Z] of the voice for y [..., Z] in sigma: `to_voice` in numpy."""
    place = np.asarray(y, dtype=np.float64)
    if statistics.quantiles is None:
        return np.asarray(statistics.mean + statistics.std * place)
    knots, values = quantile_knots(statistics)
    width = np.diff(knots)
    low = np.concatenate(([-_FAR], np.zeros(len(width) - 1)))
    high = np.concatenate((width[:-1], [_FAR]))
    inside = np.clip(place[..., None] - knots[:-1], low, high)
    return np.asarray(values[:, 0] + (inside * (np.diff(values, axis=1) / width)).sum(axis=-1))


def from_voice(latent: npt.ArrayLike, statistics: LatentStatistics) -> Array:
    """y [..., Z] in sigma for latents [..., Z] of the voice: the inverse of `to_voice`.

    Where a quantile function stands still any y would do; the middle of that stretch is given.
    """
    values = np.asarray(latent, dtype=np.float64)
    if statistics.quantiles is None:
        return np.asarray((values - statistics.mean) / np.maximum(statistics.std, 1e-9))
    knots, rows = quantile_knots(statistics)
    y = np.empty_like(values)
    for z, row in enumerate(rows):
        low = np.interp(values[..., z], row + 1e-9 * np.arange(len(row)), knots)
        high = np.interp(-values[..., z], -row[::-1] + 1e-9 * np.arange(len(row)), knots[::-1])
        y[..., z] = (low + high) / 2.0
    return y


def quantile_knots(statistics: LatentStatistics) -> tuple[Array, Array]:
    """Knots [K] in sigma and values [Z, K] of the quantile function, inside OUTERMOST_SIGMA."""
    assert statistics.probabilities is not None
    assert statistics.quantiles is not None
    outermost = float(scipy.special.ndtr(-OUTERMOST_SIGMA))
    inner = (statistics.probabilities > outermost) & (statistics.probabilities < 1.0 - outermost)
    probabilities = statistics.probabilities[inner]
    if len(probabilities) >= 2:
        return scipy.special.ndtri(probabilities), statistics.quantiles[:, inner]
    ends = np.array([-OUTERMOST_SIGMA, OUTERMOST_SIGMA])
    return ends, statistics.quantiles[:, [0, -1]]
