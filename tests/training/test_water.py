"""Physical models sound as their formulas say, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from training.models import water

RATE = 44100


@pytest.mark.parametrize("radius_mm", [0.5, 1.0, 3.0, 6.0])
def test_a_bubble_rings_at_minnaerts_frequency(radius_mm: float) -> None:
    ring = water.bubble(radius_mm * 1e-3, 0.0, RATE)
    spectrum = np.abs(np.fft.rfft(ring, 2**18))
    peak_hz = spectrum.argmax() * RATE / 2**18
    assert peak_hz == pytest.approx(3.0 / (radius_mm * 1e-3), rel=0.02)


@pytest.mark.parametrize("radius_mm", [1.0, 4.0])
def test_a_bubble_decays_at_its_rate(radius_mm: float) -> None:
    radius = radius_mm * 1e-3
    decay = 0.13 / radius + 0.0072 * radius**-1.5
    ring = water.bubble(radius, 0.0, RATE)
    window = int(2.0 / decay * RATE)
    early = np.abs(ring[window // 2 : window]).max()
    late = np.abs(ring[window // 2 + window : 2 * window]).max()
    assert late / early == pytest.approx(np.exp(-2.0), rel=0.15)


def test_a_rising_bubble_ends_higher_than_it_began() -> None:
    ring = water.bubble(4e-3, 0.5, RATE)
    crossings = np.flatnonzero(np.diff(np.signbit(ring)))
    periods = np.diff(crossings)
    assert periods[-8:].mean() < 0.7 * periods[:8].mean()


def test_wind_is_twelve_decibels_louder_at_twice_the_speed() -> None:
    levels = []
    for speed in (5.0, 10.0):
        sound = water.wind(np.random.default_rng(1), 4.0, RATE, np.full(700, speed))
        levels.append(20 * np.log10(sound[RATE:].std()))
    assert levels[1] - levels[0] == pytest.approx(12.0, abs=3.0)


def test_more_bubbles_per_second_are_louder() -> None:
    def level(density: float) -> float:
        rng = np.random.default_rng(2)
        flat = np.ones(40)
        return float(water.bubbles(rng, 4.0, RATE, density * flat, 2.0 * flat).std())

    assert level(100.0) > 2.0 * level(10.0)
