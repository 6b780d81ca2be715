"""One ball on one spot, for what free play could not tell: recorded after the first verdict."""

from __future__ import annotations

import dataclasses

import numpy as np

from calibration.board_model import Mounting, ball_moment
from calibration.capture.spot_steps import still_frames
from calibration.capture.steps import GivenUp, OpenStep, Runner, Step, Watcher
from calibration.errors import CalibrationError
from calibration.fitting.evening import played_field
from calibration.fitting.one_spot import SPOT, SpotTold, told_by_one_spot
from calibration.model import AXES, SENSORS, Calibration
from calibration.stretch import Recording

NAME = "one ball on one spot"
SECONDS = 5.0


def one_spot_step(ball_mm: float) -> Step:
    """What the player is asked to do."""
    request = (
        f"Put one {ball_mm:g} mm ball alone on the {SPOT.name}, its mark up, and let go. "
        "If it turns over by itself, that stack is upside down."
    )
    return Step(NAME, SECONDS, request, place_mm=SPOT.place_mm)


def record_one_spot(
    open_step: OpenStep, watcher: Watcher, calibration: Calibration, ball_mm: float
) -> SpotTold | None:
    """Takes the step on the board of `calibration`; None where it was left out or given up.

    Raises:
        GivenUp, KeyboardInterrupt: the player ends all of it.
    """
    runner = Runner(open_step, watcher)
    runner.sensors = calibration.sensors
    board = Mounting()
    if calibration.carry is not None:
        shift = calibration.carry.shift_mm
        board = dataclasses.replace(board, sideways_mm=shift[:, :2], height_mm=shift[:, 2])

    def judge(recording: Recording) -> tuple[SpotTold, str]:
        still = still_frames(recording)
        played = played_field(still, calibration.rest, calibration.correction)
        field = np.median(played, axis=0).reshape(SENSORS, AXES)
        told = told_by_one_spot(field, board.points_mm(), ball_mm, ball_moment(ball_mm))
        return told, "as on a board in order" if told.plausible else "not as on a board in order"

    try:
        return runner.do(one_spot_step(ball_mm), judge)
    except GivenUp:
        raise
    except CalibrationError:
        return None
