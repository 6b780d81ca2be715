"""Sounds from physical models, for corpora that free recordings lack: bubbles in water, and wind.

Bubbles: K. van den Doel, "Physically based models for liquid sounds", ACM Transactions on Applied Perception
2(4), 2005: a bubble of radius r (metres) rings at f = 3 / r Hz (Minnaert), decays at
d = 0.13 / r + 0.0072 r^(-3/2) per second, and its pitch rises as it nears the surface, f(t) = f (1 + xi d t).
Wind: the tone of air past an edge of width w follows its speed, f = 0.2 v / w (Strouhal number 0.2), its
level the square of the speed; several edges sound together.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from training.models.curves import slow

Floats = npt.NDArray[np.float64]

SPEED_OF_STROUHAL = 0.2
FRAME = 1024


def bubble(radius_m: float, rise: float, rate: int) -> Floats:
    """One bubble of van den Doel's model; `rise` is xi. Lasts until it is 60 dB down."""
    frequency = 3.0 / radius_m
    decay = 0.13 / radius_m + 0.0072 * radius_m**-1.5
    t = np.arange(int(6.9 / decay * rate)) / rate
    phase = 2 * np.pi * frequency * (t + 0.5 * rise * decay * t * t)
    attack = np.minimum(t * 2000.0, 1.0)
    return np.asarray(attack * np.exp(-decay * t) * np.sin(phase))


def bubbles(
    rng: np.random.Generator, seconds: float, rate: int, density: Floats, radius_mm: Floats
) -> Floats:
    """A stream of bubbles: `density` (per second) and middle `radius_mm` are curves over the duration."""
    out = np.zeros(int(seconds * rate) + rate)
    time = 0.0
    while time < seconds:
        where = int(time / seconds * len(density))
        radius = 1e-3 * radius_mm[where] * np.exp(0.5 * rng.standard_normal())
        radius = float(np.clip(radius, 0.3e-3, 8e-3))
        ring = bubble(radius, 0.1 * rng.exponential(), rate)
        start = int(time * rate)
        # Loudness grows with size and varies with depth.
        ring = ring * radius / 3e-3 * rng.uniform(0.1, 1.0) ** 2
        out[start : start + len(ring)] += ring[: len(out) - start]
        time += rng.exponential(1.0 / density[where])
    return out[: int(seconds * rate)]


def wind(rng: np.random.Generator, seconds: float, rate: int, speed: Floats) -> Floats:
    """Air of `speed` (metres per second, a curve) past edges of 2 to 30 millimetres."""
    frames = len(speed)
    hop = FRAME // 4
    frequency = np.fft.rfftfreq(FRAME, 1.0 / rate)
    edges = rng.uniform(2e-3, 30e-3, 6)
    centre = SPEED_OF_STROUHAL * speed[:, None] / edges
    width = 0.25 * centre + 40.0
    tones = np.exp(-0.5 * ((frequency[None, None, :] - centre[..., None]) / width[..., None]) ** 2).sum(1)
    rumble = 1.0 / (1.0 + (frequency[None, :] / 200.0) ** 2)
    magnitude = (speed[:, None] / 10.0) ** 2 * (tones + 0.6 * rumble)
    noise = rng.standard_normal(frames * hop + FRAME)
    window = np.hanning(FRAME + 1)[:-1]
    out = np.zeros(frames * hop + FRAME)
    for index in range(frames):
        start = index * hop
        spectrum = np.fft.rfft(noise[start : start + FRAME] * window) * magnitude[index]
        out[start : start + FRAME] += np.fft.irfft(spectrum) * window
    return out[: int(seconds * rate)]


def drops_take(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Drops, a few each second."""
    count, turns = int(10 * seconds), max(int(seconds / 3), 1)
    return bubbles(rng, seconds, rate, slow(rng, count, turns, 2.0, 12.0), slow(rng, count, turns, 1.0, 5.0))


def brook_take(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """A brook: so many bubbles that they merge."""
    count, turns = int(10 * seconds), max(int(seconds / 3), 1)
    return bubbles(
        rng, seconds, rate, slow(rng, count, turns, 20.0, 260.0), slow(rng, count, turns, 0.8, 4.0)
    )


def rain_take(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Rain on leaves and puddles: tiny bubbles over a hiss that comes and goes."""
    count, turns = int(10 * seconds), max(int(seconds / 4), 1)
    ticks = bubbles(
        rng, seconds, rate, slow(rng, count, turns, 60.0, 400.0), slow(rng, count, turns, 0.35, 1.2)
    )
    strength = slow(rng, len(ticks), turns, 0.05, 1.0)
    hiss = np.diff(rng.standard_normal(len(ticks) + 1))
    return np.asarray(ticks / np.abs(ticks).max() * (0.3 + strength) + 0.04 * strength * hiss)


def wind_take(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Wind that rises and falls."""
    frames = int(seconds * rate / (FRAME // 4)) + 1
    return wind(rng, seconds, rate, slow(rng, frames, max(int(seconds / 2.4), 1), 2.0, 18.0))
