"""Wine glasses: rubbed rims and struck bowls.

A glass's modes lie near 1 : 2.32 : 4.25 : 6.63 : 9.38 (A. P. French, "In vino veritas", American Journal of
Physics
51(8), 1983: f_n grows about as n^2). A finger excites the lowest by stick and slip, and hisses on the rim.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from training.models.curves import Floats, place, resonate, ring, slow, stick_slip, strikes, swells

RATIOS = np.array([1.0, 2.32, 4.25, 6.63, 9.38, 12.5])


def _rim(rng: np.random.Generator, pitch: float, seconds: float, rate: int) -> Floats:
    """One glass under one finger."""
    count = int(seconds * rate)
    force = swells(rng, seconds, rate, rng.uniform(2.0, 6.0))
    bend = slow(rng, count, int(seconds), 0.997, 1.003)
    drive = force * (
        0.6 * stick_slip(rng, pitch * bend, rate, rng.uniform(0.001, 0.01))
        + rng.uniform(0.1, 0.7) * rng.standard_normal(count)
    )
    beating = (
        1.0 + 0.25 * np.sin(2 * np.pi * np.cumsum(slow(rng, count, int(seconds), 0.5, 6.0)) / rate) * force
    )
    bright = slow(rng, count, max(int(seconds / 3), 1), 0.1, 1.0)
    out = np.zeros(count)
    for index, ratio in enumerate(RATIOS):
        frequency = pitch * ratio * rng.uniform(0.99, 1.01)
        if frequency < 0.45 * rate:
            out += bright**index * resonate(drive, frequency, rng.uniform(0.3, 1.6) / (1 + 0.4 * index), rate)
    hiss = lfilter([1.0, -1.0], [1.0, -0.5], rng.standard_normal(count)) * force**2
    return np.asarray(out / (np.abs(out).max() + 1e-9) * beating + rng.uniform(0.004, 0.03) * hiss)


def rubbed(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """One to three glasses, each rubbed by its own finger."""
    out = np.zeros(int(seconds * rate))
    base = 220.0 * 2 ** rng.uniform(0, 2.2)
    for interval in rng.choice([0, 3, 5, 7, 10, 12, 14], rng.integers(1, 4), replace=False):
        out += rng.uniform(0.4, 1.0) * _rim(rng, base * 2 ** (interval / 12), seconds, rate)
    return out


def struck(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Glasses tapped by something harder or softer."""
    out = np.zeros(int(seconds * rate))
    glasses = (
        300.0 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12, 15, 17, 19, 22, 24], 5) / 12) * rng.uniform(0.9, 1.6)
    )
    for at in strikes(rng, seconds, (0.08, 1.4)):
        pitch = float(rng.choice(glasses))
        hard = rng.uniform(0.2, 1.0)
        modes = np.append(RATIOS, RATIOS[:3] * 1.004) * pitch * rng.uniform(0.998, 1.002)
        amplitude = hard ** np.append(np.arange(len(RATIOS)), [0.3, 1.3, 2.3]) * rng.uniform(
            0.3, 1.0, len(modes)
        )
        decay = rng.uniform(0.5, 2.5) * (pitch / modes) ** 0.8 + 0.03
        place(out, rng.uniform(0.2, 1.0) * ring(modes, amplitude, decay, 2.5, rate, 0.0006 / hard), at, rate)
    return out
