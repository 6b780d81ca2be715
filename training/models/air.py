"""Air and rubbing: breath through a mouth, friction of dry things, whistles at the edge of noise.

Breath is turbulence, whose level follows the square of the flow, through two or three moving resonances of
a mouth;
consonant-like onsets open it suddenly. Friction is a stream of tiny impacts (a Poisson process), each
ringing in the rubbed body.
"""

from __future__ import annotations

import numpy as np

from training.models.curves import Floats, place, slow, strikes, swells

FRAME = 512


def shaped_noise(rng: np.random.Generator, magnitude: Floats, rate: int) -> Floats:
    """Noise whose spectrum follows `magnitude` [frames, FRAME / 2 + 1], a quarter of FRAME apart."""
    hop = FRAME // 4
    frames = len(magnitude)
    window = np.hanning(FRAME + 1)[:-1]
    noise = rng.standard_normal(frames * hop + FRAME)
    index = np.arange(frames)[:, None] * hop + np.arange(FRAME)
    pieces = np.fft.irfft(np.fft.rfft(noise[index] * window, axis=1) * magnitude, axis=1) * window
    out = np.zeros(frames * hop + FRAME)
    for quarter in range(4):
        part = pieces[quarter::4].reshape(-1)
        out[quarter * hop : quarter * hop + len(part)] += part
    return out


def _frames(seconds: float, rate: int) -> int:
    return int(seconds * rate) // (FRAME // 4) + 4


def breath(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Breaths, blows and whispers."""
    frames = _frames(seconds, rate)
    frequency = np.fft.rfftfreq(FRAME, 1 / rate)
    flow = swells(rng, seconds + 1.0, rate / (FRAME // 4) // 1, rng.uniform(0.25, 1.6))
    flow = np.interp(np.arange(frames), np.arange(len(flow)), flow)
    for at in strikes(rng, seconds, (0.2, 2.0)):
        start = int(at * frames / seconds)
        fall = np.exp(-np.arange(frames - start) / rng.uniform(4, 60))
        flow[start:] = np.maximum(flow[start:], rng.uniform(0.3, 1.0) * fall)
    magnitude = np.zeros((frames, len(frequency)))
    knots = max(int(seconds * rng.uniform(0.7, 3.0)), 2)
    for low, high, width in ((300.0, 1100.0, 0.16), (900.0, 3200.0, 0.12), (2500.0, 8000.0, 0.2)):
        centre = np.exp(slow(rng, frames, knots, np.log(low), np.log(high)))[:, None]
        share = slow(rng, frames, knots, 0.15, 1.0)[:, None]
        magnitude += share * np.exp(-0.5 * (np.log((frequency + 1) / centre) / width) ** 2)
    tilt = slow(rng, frames, knots, 0.02, 0.25)[:, None] / (1 + (frequency / 5000.0) ** 2)
    return shaped_noise(rng, flow[:, None] ** 2 * (magnitude + tilt), rate)


def friction(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Brushing, scraping, crackling: impacts so many that they hiss, so few that they tick."""
    count = int(seconds * rate)
    speed = swells(rng, seconds, rate, rng.uniform(0.3, 1.5))
    density = speed * np.exp(slow(rng, count, max(int(seconds), 2), np.log(60.0), np.log(9000.0)))
    hits = (
        (rng.uniform(0, 1, count) < density / rate)
        * rng.exponential(1.0, count)
        * rng.choice([-1.0, 1.0], count)
    )
    drive = hits * speed / np.sqrt(density / 500.0 + 0.3)
    out = np.zeros(count)
    from training.models.curves import resonate

    for _ in range(6):
        out += rng.uniform(0.2, 1.0) * resonate(
            drive,
            float(np.exp(rng.uniform(np.log(350.0), np.log(9000.0)))),
            float(rng.uniform(0.003, 0.05)),
            rate,
        )
    return out / (np.abs(out).max() + 1e-9) + 0.1 * drive / (np.abs(drive).max() + 1e-9)


def whistle(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """A flute or bottle between breath and tone."""
    frames = _frames(seconds, rate)
    frequency = np.fft.rfftfreq(FRAME, 1 / rate)
    flow = swells(rng, seconds + 1.0, rate / (FRAME // 4) // 1, 1.5)
    flow = np.interp(np.arange(frames), np.arange(len(flow)), flow)
    hiss = shaped_noise(rng, flow[:, None] ** 2 / (1 + ((frequency - 2500) / 2500.0) ** 2), rate)[
        : int(seconds * rate)
    ]
    count = int(seconds * rate)
    strength = np.interp(np.linspace(0, frames - 1, count), np.arange(frames), flow)
    pitch = rng.uniform(250.0, 900.0) * 2 ** (
        np.floor(slow(rng, count, max(int(seconds / 1.5), 2), 0, 4.99)) * 3 / 12
    )
    wobble = 1 + 0.004 * np.sin(2 * np.pi * 5.2 * np.arange(count) / rate) * strength
    phase = 2 * np.pi * np.cumsum(pitch * wobble) / rate
    tone = sum(strength**k / k**1.5 * np.sin(k * phase) for k in (1, 2, 3, 4))
    mix = slow(rng, count, max(int(seconds), 2), 0.0, 1.0)
    return np.asarray(mix * tone + (1.2 - mix) * hiss / (np.abs(hiss).max() + 1e-9))


__all__ = ["breath", "friction", "place", "shaped_noise", "whistle"]
