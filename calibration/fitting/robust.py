"""Statistics that one bad frame cannot bend: median, MAD, Theil-Sen, quantiles; and the mains line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from calibration.model import Array

# Of a normal distribution: standard deviation over median absolute deviation.
MAD_TO_SIGMA = 1.4826
INLIER_SIGMAS, INLIER_STEPS = 4.0, 2.5
MAINS_HZ = (50.0, 60.0, 100.0, 16.7)
"""Of sockets, of rectifiers and lamps on 50 Hz, and of railways. The first stands where there is none."""
# A generator is off by up to a hertz; over five seconds a line is a fifth of a hertz wide.
WANDER_HZ = np.linspace(-1.0, 1.0, 21)
LINES_APART_HZ = 2.5
# Below this frame rate 60 Hz is not seen where it is (facts: sensors, mains).
MAINS_RATE_HZ = 125.0


def mad_sigma(values: npt.ArrayLike) -> Array:
    """Standard deviation along the first axis by 1.4826 median |x - median|; half the sample may be wrong."""
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(MAD_TO_SIGMA * np.median(np.abs(array - np.median(array, axis=0)), axis=0))


def rest_level(values: npt.ArrayLike) -> tuple[Array, Array]:
    """Robust level and standard deviation along the first axis, finer than the chip's counts.

    Median and MAD of counts can only be counts. They choose the samples within INLIER_SIGMAS of the median
    (at least INLIER_STEPS steps of the converter); the mean and the deviation of those are the answer.
    """
    array = np.asarray(values, dtype=np.float64)
    centre = np.median(array, axis=0)
    distance = np.abs(array - centre)
    apart = np.where(distance > 0, distance, np.inf).min(axis=0)
    width = np.maximum(
        INLIER_SIGMAS * mad_sigma(array), np.where(np.isfinite(apart), INLIER_STEPS * apart, 0)
    )
    inlier = distance <= width
    count = np.maximum(inlier.sum(axis=0), 1)
    level = np.where(inlier, array, 0).sum(axis=0) / count
    variance = np.where(inlier, (array - level) ** 2, 0).sum(axis=0) / count
    return level, np.sqrt(variance)


def theil_sen(time_s: Array, values: Array, points: int = 100) -> Array:
    """Median slope per second of all pairs among `points` block medians, along the first axis.

    Blocks keep the number of pairs bounded; their medians are themselves robust (Sen 1968).
    """
    blocks = np.array_split(np.arange(len(time_s)), min(points, len(time_s)))
    time = np.array([time_s[block].mean() for block in blocks])
    level = np.array([np.median(values[block], axis=0) for block in blocks])
    first, second = np.triu_indices(len(time), k=1)
    span = (time[second] - time[first]).reshape((-1,) + (1,) * (values.ndim - 1))
    return np.asarray(np.median((level[second] - level[first]) / span, axis=0))


def line_amplitude(time_s: Array, values: Array, frequency_hz: float) -> Array:
    """Amplitude of one spectral line, by least squares on sine, cosine, constant and slope.

    That of a sine as strong as what was fitted: at half the frame rate sine and cosine are not told apart.
    """
    turn = 2.0 * np.pi * frequency_hz * time_s
    basis = np.stack([np.sin(turn), np.cos(turn), np.ones_like(time_s), time_s - time_s.mean()], axis=1)
    flat = values.reshape(len(time_s), -1)
    weights = np.linalg.lstsq(basis, flat, rcond=None)[0]
    fitted = basis[:, :2] @ weights[:2]
    return np.asarray(np.sqrt(2.0 * np.mean(fitted**2, axis=0)).reshape(values.shape[1:]))


def mains_line(time_s: Array, values: Array, rate_hz: float) -> tuple[float, Array]:
    """The strongest line of MAINS_HZ, give or take WANDER_HZ, and its amplitude per column.

    Zero where the rate is too low to tell 50 from 60 Hz; a line that would be taken for another one at this
    rate is not looked for.
    """
    if rate_hz < MAINS_RATE_HZ or len(time_s) < rate_hz / 2:
        return MAINS_HZ[0], np.zeros(values.shape[1:])
    lines = [(mains, mains + off) for mains in _told_apart(rate_hz) for off in WANDER_HZ]
    found = [line_amplitude(time_s, values, frequency) for _, frequency in lines]
    strongest = int(np.argmax([amplitude.max() for amplitude in found]))
    return lines[strongest][0], found[strongest]


def _told_apart(rate_hz: float) -> list[float]:
    """Those of MAINS_HZ that do not fall on an earlier one when they are sampled at this rate."""
    kept: list[tuple[float, float]] = []
    for mains in MAINS_HZ:
        seen = abs(mains - rate_hz * round(mains / rate_hz))
        if all(abs(seen - other) > LINES_APART_HZ for _, other in kept):
            kept.append((mains, seen))
    return [mains for mains, _ in kept]


def mains_taps(rate_hz: float, mains_hz: float) -> tuple[float, ...]:
    """Weights of the last frames that sum one mains line to nothing, all positive, summing to 1.

    A moving average over one period where that is a whole number of frames (it removes the harmonics too);
    otherwise the shortest symmetric filter with its zero on the line.
    """
    period = rate_hz / mains_hz
    if abs(period - round(period)) < 0.02 * max(period / 6.0, 1.0) and round(period) >= 2:
        count = round(period)
        return (1.0 / count,) * count
    middle = -2.0 * np.cos(2.0 * np.pi / period)
    total = 2.0 + middle
    return (float(1.0 / total), float(middle / total), float(1.0 / total))


def block_medians(values: Array, size: int) -> Array:
    """Medians of consecutive blocks of `size` along the first axis; a remainder joins the last block."""
    count = max(1, len(values) // size)
    return np.array([np.median(block, axis=0) for block in np.array_split(values, count)])


def participation_ratio(values: Array) -> float:
    """(tr C)^2 / tr C^2 of [N, D]: how many directions really move, 1..D."""
    covariance = np.cov(values, rowvar=False)
    squares = float(np.sum(covariance**2))
    return float(np.trace(covariance) ** 2 / squares) if squares > 0 else 0.0
