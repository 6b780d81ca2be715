"""What the ear follows in a steady sound: loudness, brightness, noisiness, and the shape of its spectrum."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Audio = npt.NDArray[np.float32]

FRAME = 2048
SILENCE_DB = -90.0
BANDS = 24
"""Third-octave bands from 100 Hz upwards."""


@dataclass(frozen=True)
class Descriptors:
    """Of one sound.

    Attributes:
        loudness_db: root mean square against full scale.
        centroid_octaves: spectral centroid, in octaves above 100 Hz.
        flatness_db: geometric over arithmetic mean of the power spectrum; 0 is white noise, -60 a tone.
        bands_db: [BANDS] level in third-octave bands, floored 60 dB below the loudest.
        peak: largest absolute sample.
    """

    loudness_db: float
    centroid_octaves: float
    flatness_db: float
    bands_db: Floats
    peak: float


def decibel(power: float) -> float:
    """Power against full scale, floored at `SILENCE_DB`."""
    return 10.0 * float(np.log10(max(power, 10 ** (SILENCE_DB / 10))))


def power_spectrum(audio: Audio) -> Floats:
    """Mean power spectrum [FRAME / 2 + 1] of half-overlapping Hann frames."""
    count = (len(audio) - FRAME) // (FRAME // 2) + 1
    starts = np.arange(max(count, 1)) * (FRAME // 2)
    padded = np.pad(audio, (0, max(FRAME - len(audio), 0))).astype(np.float64)
    frames = np.stack([padded[start : start + FRAME] for start in starts]) * np.hanning(FRAME)
    return np.asarray((np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0))


def describe(audio: Audio, rate: int) -> Descriptors:
    """Descriptors of `audio` [samples] at `rate` Hz."""
    spectrum = power_spectrum(audio) + 1e-12
    frequency = np.fft.rfftfreq(FRAME, 1.0 / rate)
    audible = frequency >= 50.0
    centroid = float((frequency * spectrum)[audible].sum() / spectrum[audible].sum())
    flatness = float(np.exp(np.log(spectrum[audible]).mean()) / spectrum[audible].mean())
    edges = 100.0 * 2.0 ** (np.arange(BANDS + 1) / 3.0)
    bands = np.array(
        [
            spectrum[(frequency >= low) & (frequency < high)].sum() + 1e-12
            for low, high in itertools.pairwise(edges)
        ]
    )
    levels = 10.0 * np.log10(bands)
    return Descriptors(
        loudness_db=decibel(float(np.mean(np.square(audio, dtype=np.float64)))),
        centroid_octaves=float(np.log2(max(centroid, 50.0) / 100.0)),
        flatness_db=10.0 * float(np.log10(flatness)),
        bands_db=np.maximum(levels, levels.max() - 60.0),
        peak=float(np.abs(audio).max()),
    )


def band_distance_db(a: Descriptors, b: Descriptors) -> float:
    """Mean absolute difference of the band levels, in dB: what changes in the spectrum, loudness included."""
    return float(np.abs(a.bands_db - b.bands_db).mean())
