"""Properties of the fit: what shifts, what scales, what does not matter."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.fitting.evening import fit_play, fit_rest
from calibration.fitting.robust import (
    line_amplitude,
    mains_line,
    mains_taps,
    participation_ratio,
    rest_level,
    theil_sen,
)


@settings(max_examples=20, deadline=None)
@given(shift=st.floats(-20, 20), sensor=st.integers(0, 3), axis=st.integers(0, 2))
def test_shifting_the_field_shifts_only_the_offset(
    make_board: Any, shift: float, sensor: int, axis: int
) -> None:
    empty = make_board().empty()
    field = empty.field_mt.copy()
    field[:, sensor, axis] += shift
    before, after = fit_rest(empty), fit_rest(dataclasses.replace(empty, field_mt=field))
    wanted = before.offset_mt.copy()
    wanted[sensor, axis] += shift
    assert after.offset_mt == pytest.approx(wanted, abs=1e-9)
    assert after.noise_mt == pytest.approx(before.noise_mt, rel=1e-6)


@settings(max_examples=20, deadline=None)
@given(scale=st.floats(0.4, 5.0))
def test_scaling_the_play_scales_only_the_reach(make_board: Any, scale: float) -> None:
    board = make_board()
    rest = dataclasses.replace(fit_rest(board.empty()), offset_mt=board.offset_mt)
    played = board.played(12.0)
    scaled = dataclasses.replace(
        played, field_mt=board.offset_mt + scale * (played.field_mt - board.offset_mt)
    )
    (_, one), (_, other) = fit_play(played, rest), fit_play(scaled, rest)
    assert other.reach_mt == pytest.approx(scale * one.reach_mt, rel=1e-9)
    assert other.dead_zone_mt == pytest.approx(one.dead_zone_mt)


def test_the_order_of_played_samples_does_not_matter(make_board: Any) -> None:
    board = make_board()
    rest, played = fit_rest(board.empty()), board.played(12.0)
    order = np.random.default_rng(1).permutation(played.frames)
    mixed = dataclasses.replace(played, field_mt=played.field_mt[order])
    (one, response), (other, again) = fit_play(played, rest), fit_play(mixed, rest)
    assert again.reach_mt == pytest.approx(response.reach_mt)
    assert other.coverage == one.coverage
    assert other.touch_rms == pytest.approx(one.touch_rms)


def test_fitting_twice_is_fitting_once(make_board: Any, calibrate_board: Callable[[Any], Any]) -> None:
    one, other = calibrate_board(make_board()), calibrate_board(make_board())
    assert np.array_equal(one.response.reach_mt, other.response.reach_mt)
    assert np.array_equal(one.rest.offset_mt, other.rest.offset_mt)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), step=st.floats(0.1, 2.0), spoilt=st.floats(0, 0.2))
def test_level_is_finer_than_the_converter_and_robust(seed: int, step: float, spoilt: float) -> None:
    """1000 counts, up to a fifth of them far off: level within 5 standard errors, noise within 15 %."""
    rng = np.random.default_rng(seed)
    true = rng.uniform(-1, 1)
    values = np.round(rng.normal(true, 1.0, 1000) / step) * step
    values[: int(1000 * spoilt)] += 1000.0
    level, sigma = rest_level(values)
    assert level == pytest.approx(true, abs=5 * np.sqrt(1 + step**2 / 12) / np.sqrt(800))
    assert sigma == pytest.approx(np.sqrt(1 + step**2 / 12), rel=0.15)


def test_a_slope_survives_a_third_of_wrong_samples() -> None:
    time = np.linspace(0, 10, 900)
    values = 0.3 * time + np.random.default_rng(0).normal(0, 0.01, 900)
    values[:200] += 5.0
    assert theil_sen(time, values) == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("mains", [16.7, 50.0, 60.0, 99.9])
def test_the_mains_line_is_found_and_named(make_board: Any, mains: float) -> None:
    time = np.arange(1000) / 200.0
    values = 0.02 * np.sin(2 * np.pi * mains * time + 1)[:, None] * np.array([1.0, 0.5])
    found, amplitude = mains_line(time, values, 200.0)
    assert found == round(mains, 0 if mains > 20.0 else 1)
    assert amplitude == pytest.approx([0.02, 0.01], rel=0.05 if mains > 90.0 else 2e-3)
    assert line_amplitude(time, values, 37.0).max() < 1e-3
    assert mains_line(time[::4], values[::4], 50.0)[1].max() == 0  # too slow to tell one from the other


@pytest.mark.parametrize(
    ("rate", "mains"), [(200, 50), (250, 50), (240, 60), (200, 60), (150, 50), (170, 50), (200, 100)]
)
def test_taps_silence_their_line_and_keep_rest(rate: float, mains: float) -> None:
    taps = np.array(mains_taps(rate, mains))
    gain = np.abs(np.sum(taps * np.exp(-2j * np.pi * mains / rate * np.arange(len(taps)))))
    assert gain < 1e-9
    assert taps.sum() == pytest.approx(1)
    assert (taps > -1e-12).all()


def test_a_railway_is_filtered_without_raising_the_noise() -> None:
    taps = np.array(mains_taps(200.0, 16.7))
    gain = np.abs(np.sum(taps * np.exp(-2j * np.pi * 16.7 / 200.0 * np.arange(len(taps)))))
    assert gain < 0.01
    assert np.sqrt(np.sum(taps**2)) < 0.3


@pytest.mark.parametrize("rate", [150.0, 160.0])
def test_a_line_that_would_be_taken_for_another_is_not_looked_for(rate: float) -> None:
    hum = 50.0 if rate == 150.0 else 60.0
    time = np.arange(1000) / rate
    assert mains_line(time, np.sin(2 * np.pi * hum * time + 1)[:, None], rate)[0] == hum


def test_hum_turns_the_filter_on_and_noise_is_what_remains(make_board: Any) -> None:
    quiet, loud = fit_rest(make_board().empty()), fit_rest(make_board(hum_mt=0.05).empty())
    assert quiet.mains_taps == (1.0,)
    assert loud.mains_taps == (0.25,) * 4
    assert loud.mains_mt == pytest.approx(np.full((4, 3), 0.05), rel=0.05)
    assert loud.noise_mt == pytest.approx(np.full((4, 3), 0.0025), rel=0.2)


def test_participation_ratio() -> None:
    rng = np.random.default_rng(0)
    independent = rng.standard_normal((20_000, 12))
    assert participation_ratio(independent) == pytest.approx(12, rel=0.01)
    assert participation_ratio(independent[:, :1] * np.ones(12)) == pytest.approx(1)
