"""Metal and skins: bowed plates, bells, gongs, bars, membranes, all as sums of modes.

Bell partials: N. H. Fletcher, T. D. Rossing, The Physics of Musical Instruments, 2nd ed. 1998, table 21.1
(hum 0.5,
prime 1, tierce 1.2, quint 1.5, nominal 2, ...). Free bars: (2 n + 1)^2 over 3.011^2. Plates: m^2 + (a n)^2.
Membranes: zeros of Bessel functions. A gong's high modes answer late: energy climbs from the low ones.
"""

from __future__ import annotations

import numpy as np
from scipy.special import jn_zeros

from training.models.curves import Floats, place, resonate, ring, slow, stick_slip, strikes, swells

BELL = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.33, 6.67])
BAR = np.array([1.0, 2.756, 5.404, 8.933, 13.34])
SKIN = np.sort(np.concatenate([jn_zeros(order, 3) for order in range(5)])) / 2.4048


def bowed_plate(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """A plate whose edge is bowed: groups of modes, rough at low force, whistling at high."""
    count = int(seconds * rate)
    base, side = rng.uniform(60.0, 220.0), rng.uniform(0.6, 0.95)
    m, n = np.meshgrid(np.arange(1, 8), np.arange(1, 8))
    modes = np.sort((base * (m**2 + (side * n) ** 2) / 2).ravel())
    modes = modes[modes < 0.4 * rate][:36]
    force = swells(rng, seconds, rate, 3.5)
    favourite = rng.choice(len(modes), 7, replace=False)
    drive_noise = rng.standard_normal(count) * force
    out = np.zeros(count)
    for index in favourite:
        bow = stick_slip(rng, modes[index] * np.ones(count), rate, 0.02) * force**2
        share = slow(rng, count, max(int(seconds / 2), 1), 0.0, 1.0)
        drive = share * bow + 0.3 * drive_noise
        out += resonate(drive, float(modes[index]), float(rng.uniform(0.2, 1.5)), rate)
    for mode in modes[::2]:
        out += 0.25 * resonate(drive_noise, float(mode), 0.4, rate)
    return out


def _struck(
    rng: np.random.Generator,
    seconds: float,
    rate: int,
    ratios: Floats,
    pitches: Floats,
    decay: tuple[float, float],
    pause: tuple[float, float],
) -> Floats:
    """Bodies of these ratios, struck harder and softer; each mode has a close twin and beats."""
    out = np.zeros(int(seconds * rate))
    for at in strikes(rng, seconds, pause):
        pitch, hard = float(rng.choice(pitches)), rng.uniform(0.25, 1.0)
        modes = pitch * np.concatenate([ratios, ratios * (1 + rng.uniform(0.0005, 0.004, len(ratios)))])
        tilt = hard ** (np.tile(np.arange(len(ratios)), 2) * 0.6)
        amplitude = tilt * rng.uniform(0.2, 1.0, len(modes))
        times = rng.uniform(*decay) * (pitch / modes) ** 0.7 + 0.02
        sound = ring(modes, amplitude, times, min(2.0 * decay[1], 6.0), rate, 0.0005 / hard)
        place(out, rng.uniform(0.15, 1.0) * sound, at, rate)
    return out


def bells(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Bells of five sizes."""
    pitches = 180.0 * 2 ** (rng.uniform(0, 3.2, 5))
    return _struck(rng, seconds, rate, BELL, pitches, (0.8, 3.0), (0.15, 2.0))


def bars(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Bars of metal and wood."""
    pitches = 150.0 * 2 ** (rng.uniform(0, 3.5, 7))
    long = float(rng.uniform(0.15, 1.8))
    return _struck(rng, seconds, rate, BAR, pitches, (0.4 * long, long), (0.08, 0.9))


def membranes(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Skins from tabla to frame drum, with the slap of a hand."""
    pitches = 55.0 * 2 ** (rng.uniform(0, 2.6, 4))
    out = _struck(rng, seconds, rate, SKIN, pitches, (0.12, 0.7), (0.08, 0.7))
    for at in strikes(rng, seconds, (0.1, 0.8)):
        t = np.arange(int(0.05 * rate)) / rate
        slap = rng.standard_normal(len(t)) * np.exp(-t / rng.uniform(0.002, 0.012))
        place(out, rng.uniform(0.05, 0.4) * slap, at, rate)
    return out


def gong(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """A gong or tam-tam: dense modes; the high ones bloom after the stroke."""
    out = np.zeros(int(seconds * rate))
    base = rng.uniform(60.0, 160.0)
    ratios = np.sort(np.concatenate([[1.0, 1.52, 2.0, 2.7], 2.0 + 24.0 * rng.uniform(0, 1, 60) ** 1.4]))
    for at in strikes(rng, seconds, (1.2, 5.0)):
        hard, length = rng.uniform(0.2, 1.0), 6.0
        t = np.arange(int(length * rate)) / rate
        sound = np.zeros(len(t))
        for ratio in ratios:
            late = 0.02 + 0.25 * hard * (ratio / 26.0)
            bloom = (1 - np.exp(-t / late)) * np.exp(-t * (0.7 + 0.16 * ratio))
            sound += (
                hard ** (ratio / 6.0)
                / ratio**0.3
                * bloom
                * np.sin(2 * np.pi * base * ratio * t + rng.uniform(0, 6.28))
            )
        place(out, hard * sound, at, rate)
    return out
