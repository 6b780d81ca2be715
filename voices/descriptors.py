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
LOWEST_HZ, HIGHEST_HZ = 50.0, 2000.0
"""Of a pitch."""
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
        pitch_hz: of the strongest period, by the autocorrelation.
        pitch_confidence: 0…1, how much of the sound repeats with that period.
        roughness: 0…1, the share of the loudness' movement that is between 20 and 150 Hz, of the mean level.
    """

    loudness_db: float
    centroid_octaves: float
    flatness_db: float
    bands_db: Floats
    peak: float
    pitch_hz: float = 0.0
    pitch_confidence: float = 0.0
    roughness: float = 0.0


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
    pitch_hz, confidence = pitch(audio, rate)
    return Descriptors(
        loudness_db=decibel(float(np.mean(np.square(audio, dtype=np.float64)))),
        centroid_octaves=float(np.log2(max(centroid, 50.0) / 100.0)),
        flatness_db=10.0 * float(np.log10(flatness)),
        bands_db=np.maximum(levels, levels.max() - 60.0),
        peak=float(np.abs(audio).max()),
        pitch_hz=pitch_hz,
        pitch_confidence=confidence,
        roughness=roughness(audio, rate),
    )


def pitch(audio: Audio, rate: int) -> tuple[float, float]:
    """The strongest period of `audio` [samples] in Hz, and how much of the sound repeats with it, 0…1.

    The first peak of the autocorrelation that reaches nine tenths of the largest, of a window of 100 ms
    (Boersma 1993: the window's own autocorrelation is divided out).
    """
    size = min(len(audio), rate // 10)
    start = (len(audio) - size) // 2
    window = np.hanning(size)
    part = audio[start : start + size].astype(np.float64)
    part = (part - part.mean()) * window
    own, of_window = (np.fft.irfft(np.abs(np.fft.rfft(x, 2 * size)) ** 2)[:size] for x in (part, window))
    low, high = int(rate / HIGHEST_HZ), min(int(rate / LOWEST_HZ), size // 2)
    if high <= low + 2 or own[0] <= 1e-12:
        return 0.0, 0.0
    alike = (own / own[0]) / np.maximum(of_window / of_window[0], 1e-6)
    inner = alike[low:high]
    peaks = 1 + np.flatnonzero((inner[1:-1] >= inner[:-2]) & (inner[1:-1] > inner[2:]))
    if not len(peaks):
        return 0.0, 0.0
    good = peaks[inner[peaks] >= 0.9 * inner[peaks].max()][0]
    return rate / float(low + good), float(np.clip(inner[good], 0.0, 1.0))


def roughness(audio: Audio, rate: int) -> float:
    """How much the level of `audio` [samples] beats between 20 and 150 Hz, of its mean, 0…1."""
    level = np.abs(audio.astype(np.float64))
    spectrum = np.fft.rfft(level * np.hanning(len(level)))
    frequency = np.fft.rfftfreq(len(level), 1.0 / rate)
    beats = np.abs(spectrum[(frequency >= 20.0) & (frequency <= 150.0)])
    mean = abs(spectrum[0])
    return 0.0 if mean < 1e-9 or not len(beats) else float(min(1.0, 2.0 * beats.max() / mean))


def band_distance_db(a: Descriptors, b: Descriptors) -> float:
    """Mean absolute difference of the band levels, in dB: what changes in the spectrum, loudness included."""
    return float(np.abs(a.bands_db - b.bands_db).mean())
