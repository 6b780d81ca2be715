"""The filter bank gives back what went in, and is quiet where it should be."""

from __future__ import annotations

import numpy as np
import pytest

from training import bank

BANDS = 16


@pytest.mark.parametrize(
    ("taps", "attenuation_db", "wanted_db"), [(160, 40.0, 39.5), (256, 60.0, 48.5), (512, 90.0, 66.0)]
)
def test_analysis_and_synthesis_give_back_the_sound(
    taps: int, attenuation_db: float, wanted_db: float
) -> None:
    sound = np.random.default_rng(0).standard_normal(8192)
    out = np.zeros(8192 + taps)
    for there, back in zip(
        bank.analysis(BANDS, taps, attenuation_db), bank.synthesis(BANDS, taps, attenuation_db), strict=True
    ):
        apart = np.zeros(8192 + taps)
        apart[::BANDS][: len(np.convolve(sound, there)[::BANDS])] = np.convolve(sound, there)[
            : 8192 + taps : BANDS
        ]
        out += np.convolve(apart, back)[: 8192 + taps]
    late = taps - 1
    error = out[late : late + 8000] - sound[:8000]
    assert -10 * np.log10(np.mean(error[500:] ** 2) / np.mean(sound[:8000] ** 2)) > wanted_db


def test_a_band_is_quiet_two_bands_away() -> None:
    response = np.abs(np.fft.rfft(bank.synthesis(BANDS, 256, 60.0), 8192, axis=1))
    width = 4096 // BANDS
    for band in range(2, BANDS - 3):
        beyond = np.concatenate([response[band, : (band - 1) * width], response[band, (band + 2) * width :]])
        assert 20 * np.log10(beyond.max() / response[band].max()) < -55
