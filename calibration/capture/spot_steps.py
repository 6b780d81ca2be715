"""The known spots: sixteen placements of one ball, each of which can be repeated or left out."""

from __future__ import annotations

import contextlib

import numpy as np

from calibration.board_model import ball_moment
from calibration.capture.steps import Choice, OneBack, Runner, Step, Watcher
from calibration.errors import CalibrationError
from calibration.fitting.evening import fit_rest, played_field
from calibration.fitting.spots import (
    FEWEST_PLACEMENTS,
    SpotReadings,
    fit_spots,
    printed_spots,
    solve_spots,
)
from calibration.model import AXES, CHANNELS, SENSORS, Array, Rest
from calibration.stretch import Recording

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
            may_go_back=number > 0,
        )
        for number, (up, spot) in enumerate((up, spot) for up in (True, False) for spot in printed_spots())
    ]


def record_spots(runner: Runner, watcher: Watcher, rest: Rest, ball_mm: float) -> SpotReadings | None:
    """The ball on the spots until a board explains it; None when they are left out.

    One that does not fit is asked for again by itself, and the one before the next at any time.

    Raises:
        CalibrationError: no board explains them, and the player gives up.
    """
    placed = Placed(runner, rest, ball_mm)
    number = 0
    while number < len(placed.steps):
        try:
            placed.read(number)
            number += 1
        except OneBack:
            number = max(number - 1, 0)
    while True:
        try:
            readings = placed.readings()
            fit_spots(readings)
            return readings
        except CalibrationError as error:
            worst = placed.worst()
            step = ALL_SPOTS if worst is None else placed.steps[worst]
            choice = watcher.again(step, error)
            if choice is Choice.STOP:
                raise
            if choice is Choice.SKIP and (worst is None or len(placed.fields) <= FEWEST_PLACEMENTS):
                return None
            if choice is Choice.SKIP and worst is not None:
                del placed.fields[worst]
            elif worst is None:
                return record_spots(runner, watcher, rest, ball_mm)
            else:
                with contextlib.suppress(OneBack):
                    placed.read(worst)


class Placed:
    """What has been read of the sixteen placements.

    Attributes:
        steps: all of them.
        fields: [4, 3] mT by the number of the step, of those that were read.
    """

    def __init__(self, runner: Runner, rest: Rest, ball_mm: float) -> None:
        self.steps = spot_steps()
        self.fields: dict[int, Array] = {}
        self._runner, self._rest, self._ball_mm = runner, rest, ball_mm
        self._frames = 1

    def read(self, number: int) -> None:
        """One placement, which takes the place of an earlier reading. Raises OneBack."""

        def judge(recording: Recording) -> tuple[Recording, str]:
            still = still_frames(recording)
            field = np.median(played_field(still, self._rest, np.eye(CHANNELS)), axis=0)
            self.fields[number] = field.reshape(SENSORS, AXES)
            self._frames = still.frames
            return still, self._words(number)

        if self._runner.do(self.steps[number], judge) is None:
            self.fields.pop(number, None)

    def readings(self) -> SpotReadings:
        """All that were read, in the order of the steps."""
        fields = [self.fields[number] for number in sorted(self.fields)]
        places = [(*(self.steps[n].place_mm or (0.0, 0.0)), self._ball_mm / 2.0) for n in sorted(self.fields)]
        noise = float(self._rest.noise_mt.max()) / np.sqrt(self._frames)
        field_mt = np.reshape(fields, (len(fields), SENSORS, AXES))
        return SpotReadings(field_mt, np.array(places), ball_moment(self._ball_mm), noise)

    def worst(self) -> int | None:
        """The number of the placement that fits the others least; None where there are too few to tell."""
        if len(self.fields) < FEWEST_PLACEMENTS:
            return None
        return sorted(self.fields)[int(np.argmax(solve_spots(self.readings()).strange))]

    def _words(self, number: int) -> str:
        """How well it fits those before it, as soon as there are enough of them."""
        if len(self.fields) < FEWEST_PLACEMENTS:
            return "heard"
        found = solve_spots(self.readings())
        at = sorted(self.fields).index(number)
        return f"heard: {found.beside_mm[at]:.1f} mm beside, {100 * found.misfit[at]:.1f} % unexplained"


def still_frames(recording: Recording) -> Recording:
    """The frames of a ball that lies still on its spot. Raises CalibrationError where it moves."""
    still = recording.since(SETTLING_S)
    fit_rest(still, hum_filter=False, shortest_s=0.3)
    return still
