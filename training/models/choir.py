"""Voice-like choirs: trains of glottal pulses through the resonances of vowels, several singers.

Vowels' formants: G. E. Peterson, H. L. Barney, Journal of the Acoustical Society of America 24(2), 1952
(men and women averaged). Each singer has a vibrato, a drift and a breath of their own.
"""

from __future__ import annotations

import numpy as np

from training.models.air import FRAME, shaped_noise
from training.models.curves import Floats, slow, swells

VOWELS = np.array(
    [[300, 2500, 3100], [480, 2150, 2850], [790, 1500, 2650], [580, 880, 2550], [330, 910, 2450]], float
)
WIDTHS = np.array([70.0, 100.0, 140.0])


def choir(rng: np.random.Generator, seconds: float, rate: int) -> Floats:
    """Two to four notes, three singers each, over slowly changing vowels."""
    count = int(seconds * rate)
    base = 110.0 * 2 ** rng.uniform(0, 1.6)
    dry, pressure = np.zeros(count), np.zeros(count)
    for interval in rng.choice([0, 4, 7, 9, 12, 16], rng.integers(1, 4), replace=False):
        force = swells(rng, seconds, rate, 4.0)
        pressure = np.maximum(pressure, force)
        for _ in range(3):
            drift = slow(rng, count, int(seconds * 2), -0.004, 0.004)
            vibrato = 0.006 * np.sin(2 * np.pi * np.cumsum(slow(rng, count, int(seconds), 4.5, 6.2)) / rate)
            pitch = base * 2 ** (interval / 12) * (1 + drift + force * vibrato)
            phase = np.cumsum(pitch) / rate % 1.0
            dry += force * np.where(phase < 0.6, phase**2 * (0.6 - phase), 0.0) * 9.0
    dry = np.diff(dry, prepend=0.0)
    dry /= np.abs(dry).max() + 1e-9
    dry += 0.02 * pressure * rng.standard_normal(count)
    return _vowels(rng, dry, rate)


def _vowels(rng: np.random.Generator, dry: Floats, rate: int) -> Floats:
    """Moving formants, by overlapping frames."""
    size = 2 * FRAME
    hop = size // 4
    frames = len(dry) // hop
    frequency = np.fft.rfftfreq(size, 1 / rate)
    place = slow(rng, frames, max(int(frames * hop / rate / 1.5), 2), 0, len(VOWELS) - 1.001)
    left = place.astype(int)
    blend = (place - left)[:, None]
    formants = VOWELS[left] * (1 - blend) + VOWELS[left + 1] * blend
    magnitude = np.zeros((frames, len(frequency)))
    for k in range(3):
        centre = formants[:, k : k + 1]
        magnitude += 0.6**k / (1 + ((frequency - centre) / WIDTHS[k]) ** 2)
    magnitude += 0.03 / (1 + (frequency / 6000.0) ** 2)
    window = np.hanning(size + 1)[:-1]
    padded = np.pad(dry, (0, size))
    index = np.arange(frames)[:, None] * hop + np.arange(size)
    pieces = np.fft.irfft(np.fft.rfft(padded[index] * window, axis=1) * magnitude, axis=1) * window
    out = np.zeros(len(padded))
    for row, start in enumerate(index[:, 0]):
        out[start : start + size] += pieces[row]
    return out[: len(dry)]


__all__ = ["choir", "shaped_noise"]
