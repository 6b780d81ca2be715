"""The known spots: sixteen placements of one ball, each of which can be repeated or left out."""

from __future__ import annotations

import numpy as np

from calibration.board_model import ball_moment
from calibration.capture.steps import Choice, Runner, Step, Watcher
from calibration.errors import CalibrationError
from calibration.fitting.fit import fit_rest, played_field
from calibration.fitting.spots import SpotReadings, fit_spots, printed_spots
from calibration.model import AXES, CHANNELS, SENSORS, Array, Rest
from calibration.recording import Recording

SPOT_SECONDS = 1.0
# After a chip has come up its weight glides to 1 for this long; those frames do not count.
SETTLING_S = 0.35
ALL_SPOTS = Step("known spots", 0.0, "All sixteen placements.")


def spot_steps() -> list[Step]:
    """The sixteen placements: every printed spot with the ball's mark up, then with the mark down."""
    return [
        Step(
            f"known spot {number + 1} of 16",
            SPOT_SECONDS,
            f"Put the ball alone on the {spot.name}, its mark {'up' if up else 'down'}, and let go.",
            place_mm=spot.place_mm,
            mark_up=up,
        )
        for number, (up, spot) in enumerate((up, spot) for up in (True, False) for spot in printed_spots())
    ]


def record_spots(runner: Runner, watcher: Watcher, rest: Rest, ball_mm: float) -> SpotReadings | None:
    """The ball on the spots, as often as it takes until a board explains it; None when they are left out.

    Raises:
        CalibrationError: no board explains them, and the player gives up.
    """
    while True:
        try:
            readings = _readings(runner, rest, ball_mm)
            fit_spots(readings)
            return readings
        except CalibrationError as error:
            choice = watcher.again(ALL_SPOTS, error)
            if choice is Choice.SKIP:
                return None
            if choice is Choice.STOP:
                raise


def _readings(runner: Runner, rest: Rest, ball_mm: float) -> SpotReadings:
    fields: list[Array] = []
    places: list[tuple[float, float, float]] = []
    frames = 1
    for step in spot_steps():
        still = runner.do(step, _still)
        if still is None or step.place_mm is None:
            continue
        field = played_field(still, rest, np.eye(CHANNELS))
        fields.append(np.median(field, axis=0).reshape(SENSORS, AXES))
        places.append((*step.place_mm, ball_mm / 2.0))
        frames = still.frames
    noise = float(rest.noise_mt.max()) / np.sqrt(frames)
    shape = (len(fields), SENSORS, AXES)
    return SpotReadings(np.reshape(fields, shape), np.array(places), ball_moment(ball_mm), noise)


def _still(recording: Recording) -> tuple[Recording, str]:
    """The frames of a ball that lies still on its spot."""
    still = recording.since(SETTLING_S)
    fit_rest(still, hum_filter=False, shortest_s=0.3)
    return still, "heard"
