"""The filter bank that joins sub-bands to sound: cosine-modulated, near-perfect, designed here (no PyTorch).

    g_b[n] = 2 p[n] cos((2 b + 1) pi / 2M (n - (N - 1) / 2) - (-1)^b pi / 4)

with a Kaiser-windowed sinc p. The cut-off is searched so that |P(w)|^2 + |P(w - pi / M)|^2 is as flat as
can be,
which makes analysis and synthesis give back what went in, late by N - 1 samples, but for the stop band's leak
(P. P. Vaidyanathan, Multirate Systems and Filter Banks, 1993, chapter 8).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
GRID = 4096


def prototype(bands: int, taps: int, attenuation_db: float) -> Floats:
    """The low-pass p [taps] of the flattest bank."""
    beta = (
        0.1102 * (attenuation_db - 8.7)
        if attenuation_db > 50
        else 0.5842 * (attenuation_db - 21) ** 0.4 + 0.07886 * (attenuation_db - 21)
    )
    n = np.arange(taps) - (taps - 1) / 2
    window = np.kaiser(taps, beta)

    def design(cut: float) -> Floats:
        p = np.sinc(n * cut / bands) * window
        return np.asarray(p / p.sum())

    def ripple(cut: float) -> float:
        power = np.abs(np.fft.rfft(design(cut), 2 * GRID * bands)) ** 2
        # From the middle of one band to the middle of the next, where two neighbours share the sound.
        edge = 2 * GRID * bands // (2 * bands)
        total = power[: edge + 1] + power[: edge + 1][::-1]
        return float(np.ptp(total) / total.mean())

    cuts = np.linspace(0.45, 0.9, 91)
    for _ in range(3):
        best = cuts[int(np.argmin([ripple(cut) for cut in cuts]))]
        step = cuts[1] - cuts[0]
        cuts = np.linspace(best - step, best + step, 21)
    p = design(float(best))
    power = np.abs(np.fft.rfft(p, 2 * GRID * bands)) ** 2
    edge = GRID
    flat = (power[: edge + 1] + power[: edge + 1][::-1]).mean()
    return np.asarray(p / np.sqrt(flat))


def synthesis(bands: int, taps: int, attenuation_db: float) -> Floats:
    """[bands, taps]: what one sub-band sample adds to the sound."""
    p = prototype(bands, taps, attenuation_db)
    n = np.arange(taps) - (taps - 1) / 2
    b = np.arange(bands)[:, None]
    phase = (2 * b + 1) * np.pi / (2 * bands) * n - (-1.0) ** b * np.pi / 4
    return np.asarray(2 * p * np.cos(phase) * np.sqrt(bands))


def analysis(bands: int, taps: int, attenuation_db: float) -> Floats:
    """[bands, taps]: the synthesis filters backwards."""
    return np.asarray(synthesis(bands, taps, attenuation_db)[:, ::-1])


def delay(taps: int) -> int:
    """Samples from a sub-band sample to the middle of its sound."""
    return (taps - 1) // 2
