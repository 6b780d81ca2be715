"""What a player needs to see of a step while its frames come: progress, what is missing, where magnets are.

Drawn by the terminal (`calibration.screen.terminal`) and by the page (`lodestone.page.guide`) alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from calibration.capture.procedure import ALONE_S, EMPTY, FREE_PLAY, SELF_CHECK
from calibration.capture.steps import Step
from calibration.fitting.coverage import LEVELS, SIDES, missing_words, visited_cells
from calibration.model import AXES, CHANNELS, SENSORS
from calibration.screen.finder import Finder
from calibration.stretch import FrameLike

SHOWN_HZ = 10
LOOKS_HZ = 3
LOOKS_SHARE = 0.25
"""Looks take this share of the time at most, on whatever machine: frames wait meanwhile."""
FAINT_MT = 0.05
"""What is felt less than this enters no cell of the play room."""
TYPICAL_REACH_MT = 8.0
"""Before the reach is fitted, coverage is shown for that of a 15 mm ball."""
ON_MARK_MM = 6.0
"""Closer than this, gains and turns of an uncalibrated board hide where the ball lies."""


class Seen:
    """Follows the frames of all steps, ten times a second of the frames' own time.

    Args:
        ball_mm: diameter of the ball of the known spots.
        clock: of the machine, seconds.

    Attributes:
        elapsed_s: since the step began.
        played_mt: [4, 3] the field now, less that of the empty board.
        cells: [4, 8, 2] which parts of the play room were visited, as in `calibration.fitting.coverage`.
        balls_mm: [B, 2] where the magnets seem to be.
    """

    def __init__(self, ball_mm: float | None = None, clock: Callable[[], float] = time.perf_counter) -> None:
        self._ball_mm, self._clock = ball_mm, clock
        self._base: npt.NDArray[np.float64] | None = None
        self.cells = np.zeros((SENSORS, SIDES, LEVELS), dtype=bool)
        self.begin(SELF_CHECK)

    def begin(self, step: Step) -> None:
        """A step begins, perhaps once more."""
        self._first_s: float | None = None
        self._shown_s = self._looks_s = -1.0
        self._recent: list[npt.NDArray[np.float64]] = []
        self._finder = Finder(self._ball_mm if step.place_mm is not None else None)
        self.elapsed_s = 0.0
        self.played_mt = np.zeros((SENSORS, AXES))
        self.balls_mm: npt.NDArray[np.float64] = np.empty((0, 2))

    def frame(self, step: Step, frame: FrameLike, look: bool = True) -> bool:
        """Takes a frame; True when it is time to draw again.

        Args:
            look: also search where the magnets are, which takes some milliseconds three times a second.
        """
        if self._first_s is None:
            self._first_s = frame.time_s
        field = np.asarray(frame.field_mt, dtype=np.float64)
        if self._base is None or step.name in (SELF_CHECK.name, EMPTY.name):
            self._base = field
        self._recent.append((field - self._base).reshape(CHANNELS))
        elapsed = frame.time_s - self._first_s
        if elapsed - self._shown_s < 1.0 / SHOWN_HZ:
            return False
        self._shown_s = self.elapsed_s = elapsed
        recent = np.array(self._recent)
        self._recent = []
        self.played_mt = recent[-1].reshape(SENSORS, AXES)
        if step.name == FREE_PLAY.name:
            self.cells |= visited_cells(recent, FAINT_MT, TYPICAL_REACH_MT)
        if look and step.asks and elapsed >= self._looks_s:
            began_s = self._clock()
            self.balls_mm = self._finder.look(recent.mean(axis=0).reshape(SENSORS, AXES))
            took_s = self._clock() - began_s
            self._looks_s = elapsed + max(1.0 / LOOKS_HZ, took_s / LOOKS_SHARE)
        return True

    def part(self, step: Step) -> float:
        """How much of the step is done, 0..1."""
        return min(self.elapsed_s / step.seconds, 1.0) if step.seconds > 0.0 else 1.0

    def request(self, step: Step) -> str:
        """What the player is to do now: of free play first the marble alone, then everything."""
        if step.name != FREE_PLAY.name:
            return step.request
        alone, everything = step.request.split(". ", 1)
        return f"{alone}." if self.elapsed_s < ALONE_S else everything

    def advice(self, step: Step) -> str:
        """What is still missing, or how far from its mark the ball lies; "" where there is nothing to say."""
        if step.name == FREE_PLAY.name:
            missing = missing_words(self.cells)
            return f"still missing: {missing}" if missing else "everywhere visited"
        return "" if step.place_mm is None else beside_words(self.balls_mm, step.place_mm)


def beside_words(balls_mm: npt.NDArray[np.float64], place_mm: tuple[float, float]) -> str:
    """How far from its mark the ball seems to lie, before the board is calibrated."""
    if len(balls_mm) != 1:
        return "no ball found yet"
    away = float(np.hypot(*(balls_mm[0] - np.array(place_mm))))
    return "the ball is on its mark" if away < ON_MARK_MM else f"a ball {away:.0f} mm beside its mark"
