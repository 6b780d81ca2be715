"""What the smoothing leaves of a hand that trembles on purpose, and of the chips' noise."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.model import Calibration
from calibration.session import calibrate_simulated
from calibration.stage.reference import TouchReference

VIBRATO_HZ, VIBRATO_MM, RATE_HZ = 6.0, 2.0, 200.0
NOISE_BEFORE = 5.4e-4
"""Of the touch of a ball that lies still 30 mm over a ring, with the 1 Hz of before."""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    return calibrate_simulated(tmp_path_factory.mktemp("hand") / "a.calibration.json").calibration


def touch(calibration: Calibration, height_mm: float, swing_mm: float, seconds: float = 4.0) -> Any:
    """[N, 12] of a 15 mm ball over the first ring, its first second left out."""
    rng, points = np.random.default_rng(0), Mounting().points_mm()
    moment = np.array([[0.0, 0.0, ball_moment(15.0)]])
    reference, raw = TouchReference(calibration), np.linalg.inv(calibration.correction)
    values = []
    for frame in range(round(seconds * RATE_HZ)):
        z = 7.5 + height_mm + swing_mm * np.sin(2.0 * np.pi * VIBRATO_HZ * frame / RATE_HZ)
        field = raw @ dipole_mt(np.array([[-65.0, 0.0, z]]), moment, points)[0].ravel()
        noise = rng.normal(0.0, 1.0, (4, 3)) * calibration.rest.noise_mt
        shown = calibration.rest.offset_mt + field.reshape(4, 3) + noise
        values.append(reference.step(shown, 1.0 / RATE_HZ))
    return np.array(values)[round(RATE_HZ) :]


def swing(values: Any) -> Any:
    turn = 2.0 * np.pi * VIBRATO_HZ * np.arange(len(values)) / RATE_HZ
    basis = np.stack([np.sin(turn), np.cos(turn), np.ones(len(values))], axis=1)
    weights = np.linalg.lstsq(basis, values, rcond=None)[0]
    return np.hypot(weights[0], weights[1])


@pytest.mark.parametrize("height_mm", [10.0, 30.0, 100.0])
def test_vibrato_keeps_four_fifths(board: Calibration, height_mm: float) -> None:
    open_wide = dataclasses.replace(board.response, min_cutoff_hz=1e5)
    whole = swing(touch(dataclasses.replace(board, response=open_wide), height_mm, VIBRATO_MM))
    kept = swing(touch(board, height_mm, VIBRATO_MM))
    axis = int(whole.argmax())
    assert kept[axis] / whole[axis] >= 0.8


def test_noise_is_at_most_three_times_that_of_before(board: Calibration) -> None:
    assert touch(board, 30.0, 0.0).std(axis=0).max() <= 3.0 * NOISE_BEFORE
