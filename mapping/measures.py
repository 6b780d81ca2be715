"""What a mapping does to play, in figures: who moves whom, how steeply, and what is left asleep.

The touch is that of a performance, in units of its own spread; y is in sigma. J = dy/du by differences, at
moments spread over the performance. A mapping with memory answers over time: each difference is held until
it has settled.

| figure | meaning |
|---|---|
| influence [Z, 12] | mean of abs(J): what each touch channel does to each latent |
| entanglement of axes, of attractors | 0: each latent hears one input; 1: all alike, by entropy |
| participation ratio | how many latents move by themselves: (tr C)^2 / tr C^2 of y |
| lipschitz | largest singular value of J: 95 % of moments, and the largest |
| step | of y in 5 ms: root mean square over the latents, and the largest of one latent |
| used | 5 to 95 % of each latent's way, in sigma |
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.model import AXES, CHANNELS, SENSORS
from graphs.player import GraphPlayer
from mapping.probe import FRAME_S, play

Array = npt.NDArray[np.float64]
MOMENTS = 40
DELTA = 0.02
SETTLE_S, SETTLE_DT_S = 2.0, 0.05
ASLEEP = 1e-3  # of the mean influence


@dataclass(frozen=True)
class Measures:
    """The figures of the table above."""

    influence: Array
    entanglement_axes: float
    entanglement_attractors: float
    participation: float
    lipschitz_p95: float
    lipschitz_max: float
    step_rms: float
    step_latent: Array
    asleep: tuple[int, ...]
    used: Array

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            name: np.round(value, 4).tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }


def measure(player: GraphPlayer, touch: Array, remembers: bool) -> Measures:
    """The figures of a mapping on a performance.

    Args:
        player: of `mapping.probe.mapping_player`.
        touch: [N, 12] of unit spread, 200 frames a second.
        remembers: whether it has memories of its own, so that differences have to settle.
    """
    y = play(player, touch)
    slopes = _slopes(player, touch, remembers)
    influence = np.abs(slopes).mean(axis=0)
    steepest = np.linalg.norm(slopes, ord=2, axis=(1, 2))
    steps = np.diff(y, axis=0)
    covariance = np.atleast_2d(np.cov(y.T))
    trace = float(np.trace(covariance))
    by_attractor = influence.reshape(-1, SENSORS, AXES).sum(axis=2)
    low, high = np.quantile(y, [0.05, 0.95], axis=0)
    quiet = influence.sum(axis=1) <= ASLEEP * max(float(influence.sum(axis=1).mean()), 1e-12)
    return Measures(
        influence=influence,
        entanglement_axes=entanglement(influence),
        entanglement_attractors=entanglement(by_attractor),
        participation=trace**2 / max(float((covariance**2).sum()), 1e-12),
        lipschitz_p95=float(np.quantile(steepest, 0.95)),
        lipschitz_max=float(steepest.max()),
        step_rms=float(np.sqrt((steps**2).mean(axis=1)).max()),
        step_latent=np.asarray(np.abs(steps).max(axis=0)),
        asleep=tuple(int(z) for z in np.flatnonzero(quiet)),
        used=np.asarray(high - low),
    )


def entanglement(influence: Array) -> float:
    """0 where each latent hears one input, 1 where each hears all alike. What hears nothing does not count.

    >>> entanglement(np.eye(4)), round(entanglement(np.ones((3, 4))), 6)
    (0.0, 1.0)
    """
    total = influence.sum(axis=1, keepdims=True)
    shares = influence[total[:, 0] > 0] / total[total[:, 0] > 0]
    if not len(shares):
        return 0.0
    entropy = -np.sum(shares * np.log(np.where(shares > 0, shares, 1.0)), axis=1)
    return float(np.mean((np.exp(entropy) - 1.0) / (influence.shape[1] - 1)))


def _slopes(player: GraphPlayer, touch: Array, remembers: bool) -> Array:
    """J [M, Z, 12] at moments spread evenly over the performance."""
    moments = np.linspace(0, len(touch) - 1, min(MOMENTS, len(touch))).astype(int)
    return np.stack([_slope(player, touch[moment], remembers) for moment in moments])


def _slope(player: GraphPlayer, touch: Array, remembers: bool) -> Array:
    columns = []
    for channel in range(CHANNELS):
        nudge = np.zeros(CHANNELS)
        nudge[channel] = DELTA
        ends = [_settled(player, touch + sign * nudge, remembers) for sign in (1.0, -1.0)]
        columns.append((ends[0] - ends[1]) / (2.0 * DELTA))
    return np.stack(columns, axis=1)


def _settled(player: GraphPlayer, touch: Array, remembers: bool) -> Array:
    if not remembers:
        return np.asarray(play(player, touch[None], FRAME_S)[-1])
    held = np.repeat(touch[None], round(SETTLE_S / SETTLE_DT_S), axis=0)
    return np.asarray(play(player, held, SETTLE_DT_S)[-1])
