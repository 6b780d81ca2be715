"""A warm-up tells chips and magnets apart: on another evening the empty board stays at its rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration import CalibrationError, load, save
from calibration.fitting.warm_up import WarmUp, fit_warmth
from lodestone.cli import build_app
from tests.support.harsh.heat import hot, left, rest_of
from tests.support.plain_board import plain_calibration


def test_after_15_degrees_the_rest_is_off_by_one_percent_at_most() -> None:
    without, told = np.array([left(seed) for seed in range(5)]).T
    assert told.max() <= 0.01
    assert without.min() > 0.02


def test_each_chip_has_its_own_sensitivity() -> None:
    _, _, rest = rest_of(1)
    assert rest.warmth is not None
    wanted = hot(1).sensitivity[:, 2]
    assert np.abs(rest.warmth.sensitivity_per_k - wanted).max() < 5e-4
    assert np.ptp(wanted) > 1.5e-3


def cold(seconds: int = 60, field_mt: float = 0.0) -> WarmUp:
    time = np.arange(float(seconds))
    field = np.tile(plain_calibration().rest.offset_mt, (seconds, 1, 1))
    field[seconds // 2 :] += field_mt
    return WarmUp(time, field, 22.0 + np.outer(time, np.full(4, 0.01)))


def test_a_board_that_stays_cold_is_refused() -> None:
    with pytest.raises(CalibrationError, match=r"at least 3 degrees.*lights"):
        fit_warmth(cold(), plain_calibration().rest)


def test_a_hand_in_the_warm_up_is_refused() -> None:
    warm = replace(cold(600, 2.0), temperature_c=22.0 + np.outer(np.arange(600.0), np.full(4, 0.01)))
    with pytest.raises(CalibrationError, match="only gets warmer"):
        fit_warmth(warm, plain_calibration().rest)


def test_the_command_asks_the_simulated_board(tmp_path: Path) -> None:
    """Neodymium is all that heat changes there; the file keeps it, and the next evening has it without
    asking."""
    out = tmp_path / "a.calibration.json"
    command = ["calibrate", "--simulate", "--out", str(out), "--play-seconds", "20"]
    done = CliRunner().invoke(build_app(), [*command, "--warm-up", "0.5"])
    assert done.exit_code == 0, done.output
    warmth = load(out).rest.warmth
    assert warmth is not None
    assert warmth.warmed_k > 8.0
    both = (warmth.chip_mt_per_k + warmth.magnet_mt_per_k)[:, 2] / load(out).rest.offset_mt[:, 2]
    # Its magnets warm with their chips, which half a minute cannot tell from chips that lose.
    assert np.median(both) == pytest.approx(-0.0012, abs=1.5e-4)
    assert both == pytest.approx(np.full(4, -0.0012), abs=6e-4)
    figures = load(out).report["figures"]
    assert isinstance(figures, dict)
    assert 0.0 < figures["heat"] < 0.01
    assert save(load(out), out) == out
