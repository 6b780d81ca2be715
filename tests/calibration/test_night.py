"""An evening's log tells what heat does: between pieces the board lies empty, and each time it is warmer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration import CalibrationError, load, save
from calibration.fitting.night import Night, fit_night
from calibration.model import SENSORS, Calibration
from lodestone.cli import build_app
from sensors.frame import Frame
from sensors.recording import RecordingWriter
from tests.support.harsh.boards import NOISE_MT
from tests.support.harsh.heat import hot
from tests.support.harsh.night import calibrated_warm, night, night_lefts
from tests.support.plain_board import plain_calibration

FRAMES_A_SECOND = 6


def test_another_evening_is_off_by_one_percent_at_most() -> None:
    without, told, wrong = np.array(list(night_lefts(2))).T
    assert told.max() <= 0.01
    assert without.min() > 0.05
    assert wrong.max() == 0  # no second in which a marble lay there was taken for empty


@pytest.fixture(scope="module")
def evening() -> Night:
    return night(1, hours=1.0)[1]


def test_an_evening_without_rests_is_refused(evening: Night) -> None:
    rng = np.random.default_rng(0)
    played = replace(evening, quiet=evening.quiet & (rng.uniform(size=len(evening.quiet)) < 0.05))
    with pytest.raises(CalibrationError, match=r"empty for 60 s.*take all marbles off between pieces"):
        fit_night(played, calibrated_warm(1))


def test_rests_that_are_all_as_warm_are_refused() -> None:
    log = night(1)[1]
    late = log.seconds.time_s > 3000.0  # the lights have been on for long
    with pytest.raises(CalibrationError, match=r"at least 3 degrees apart.*from when the power comes"):
        fit_night(replace(log, quiet=log.quiet & late), calibrated_warm(1))


def test_a_board_that_is_moved_all_the_time_is_refused(evening: Night) -> None:
    """The earth's field turns in the board's axes from second to second."""
    turn = np.arange(len(evening.quiet))[:, None, None] * np.array([0.3, 0.2, 0.1])
    moved = replace(evening.seconds, field_mt=evening.seconds.field_mt + 0.04 * np.sin(turn))
    with pytest.raises(CalibrationError, match=r"heat alone tells apart.*do not move the board"):
        fit_night(replace(evening, seconds=moved), calibrated_warm(1))


def recorded(path: Path, board: Calibration) -> Path:
    """The frames behind the seconds of an evening, a few of each."""
    told: dict[str, object] = {
        "sensors": [{"chip": one.chip, "address": one.address} for one in board.sensors]
    }
    told |= {"full_scale_mt": [list(one.full_scale_mt) for one in board.sensors], "spec": "told"}
    rng, log = np.random.default_rng(4), night(1, hours=1.0)[1]
    with RecordingWriter(path, {**told, "identity": [one.serial for one in board.sensors]}) as writer:
        for second, (time, still) in enumerate(zip(log.seconds.time_s, log.quiet, strict=True)):
            noise = NOISE_MT if still else 1.0
            for part in range(FRAMES_A_SECOND):
                shown = log.seconds.field_mt[second] + rng.normal(0.0, noise, (SENSORS, 3))
                frame = Frame(
                    time_s=time - 0.5 + (part + 0.5) / FRAMES_A_SECOND,
                    sequence=second * FRAMES_A_SECOND + part,
                    field_mt=shown.astype(np.float32),
                    counts=np.zeros((SENSORS, 3), np.int32),
                    temperature_c=log.seconds.temperature_c[second].astype(np.float32),
                    valid=np.ones(SENSORS, np.float32),
                    flags=np.zeros(SENSORS, np.uint32),
                )
                writer.add(frame)
    return path


def test_the_command_reads_a_recording(tmp_path: Path) -> None:
    board = replace(plain_calibration(), rest=calibrated_warm(1))
    force = save(board, tmp_path / "a.calibration.json")
    log = recorded(tmp_path / "evening.lodestone", board)
    done = CliRunner().invoke(build_app(), ["calibration", "temperature", str(log), str(force), "--json"])
    assert done.exit_code == 0, done.output
    told, warmth = json.loads(done.stdout), load(force).rest.warmth
    assert warmth is not None
    assert told["empty_s"] > 200
    assert np.abs(warmth.sensitivity_per_k - hot(1).sensitivity[:, 2]).max() < 5e-4
    assert load(tmp_path / "a.calibration.json.1").rest.warmth is None
    other = replace(board, sensors=(replace(board.sensors[0], serial=7), *board.sensors[1:]))
    save(other, force)
    refused = CliRunner().invoke(build_app(), ["calibration", "temperature", str(log), str(force)])
    assert refused.exit_code == 1
