"""What hands and weather do: slowly wandering curves, strokes, resonators driven by friction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter

Floats = npt.NDArray[np.float64]


def slow(rng: np.random.Generator, count: int, knots: int, low: float, high: float) -> Floats:
    """A slowly wandering curve of `count` values in low..high, with about `knots` turns."""
    knots = max(knots, 1)
    values = rng.uniform(0.0, 1.0, knots + 1)
    place = np.linspace(0.0, knots, count)
    left = np.minimum(place.astype(int), knots - 1)
    blend = 0.5 - 0.5 * np.cos(np.pi * (place - left))
    curve = values[left] * (1 - blend) + values[left + 1] * blend
    return np.asarray(low + (high - low) * curve)


def swells(rng: np.random.Generator, seconds: float, rate: int, mean_seconds: float) -> Floats:
    """A hand's pressure, 0..1: strokes of about `mean_seconds`, each with its own rise, hold and end."""
    out = np.zeros(int(seconds * rate))
    at = 0.0
    while at < seconds:
        length = float(np.clip(rng.exponential(mean_seconds), 0.3 * mean_seconds, 3 * mean_seconds))
        count = int(length * rate)
        rise = max(int(count * rng.uniform(0.05, 0.5)), 1)
        fall = max(int(count * rng.uniform(0.1, 0.5)), 1)
        shape = np.ones(count)
        shape[:rise] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(rise) / rise)
        shape[-fall:] *= 0.5 + 0.5 * np.cos(np.pi * np.arange(fall) / fall)
        start = int(at * rate)
        part = rng.uniform(0.35, 1.0) * shape[: len(out) - start]
        out[start : start + len(part)] = np.maximum(out[start : start + len(part)], part)
        at += length * rng.uniform(0.5, 1.1)
    return out


def resonate(drive: Floats, frequency: float, decay: float, rate: int) -> Floats:
    """A mode of `frequency` Hz that falls by 60 dB in `decay` seconds, driven by a force."""
    radius = 10 ** (-3.0 / (decay * rate))
    angle = 2 * np.pi * frequency / rate
    gain = (1 - radius) * 2 * np.sin(angle) + 1e-6
    return np.asarray(lfilter([gain], [1.0, -2 * radius * np.cos(angle), radius**2], drive))


def stick_slip(rng: np.random.Generator, frequency: Floats, rate: int, jitter: float) -> Floats:
    """A rubbing force: a sawtooth whose period wanders by `jitter`, as stick and slip follow each other."""
    count = len(frequency)
    wander = lfilter([0.02], [1.0, -0.98], rng.standard_normal(count))
    phase = np.cumsum(frequency / rate * (1 + 7.0 * jitter * wander))
    return np.asarray(1.0 - 2.0 * (phase % 1.0))


def ring(
    frequencies: Floats, amplitudes: Floats, decays: Floats, seconds: float, rate: int, attack: float
) -> Floats:
    """A struck body: modes [K] that start together and die by 60 dB in `decays` seconds."""
    t = np.arange(int(seconds * rate)) / rate
    out = np.zeros(len(t))
    for frequency, amplitude, decay in zip(frequencies, amplitudes, decays, strict=True):
        if frequency < 0.47 * rate:
            count = min(len(t), int(decay * 1.2 * rate) + 1)
            out[:count] += (
                amplitude * np.exp(-6.91 / decay * t[:count]) * np.sin(2 * np.pi * frequency * t[:count])
            )
    return np.asarray(out * np.minimum(t / attack, 1.0))


def strikes(rng: np.random.Generator, seconds: float, pause: tuple[float, float]) -> list[float]:
    """Moments of strikes, `pause` seconds apart."""
    moments, at = [], rng.uniform(0.02, 0.3)
    while at < seconds:
        moments.append(float(at))
        at += float(np.exp(rng.uniform(np.log(pause[0]), np.log(pause[1]))))
    return moments


def place(out: Floats, sound: Floats, at: float, rate: int) -> None:
    """Adds a sound into `out` at a moment."""
    start = int(at * rate)
    part = sound[: max(len(out) - start, 0)]
    out[start : start + len(part)] += part
