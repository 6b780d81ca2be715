"""Where the magnets are, a few times a second, for the player to look at; the sound knows nothing of it.

Before the calibration the board's gains, turns and heights are unknown, so a field is explained to a tenth
only, and of a magnet that is not known its strength is searched too. Each look starts from the last answer; a
cold start is spread over several looks, so that no look takes long.
"""

from __future__ import annotations

import numpy as np

from calibration.board_model import Mounting, ball_moment
from calibration.fitting.localise import Found, Problem, starts
from calibration.model import AXES, SENSORS, Array

USUAL_BALL_MM = 15.0
MODEL_ERROR, KNOWN_STRENGTH, ANY_STRENGTH = 0.08, 0.1, 0.6
FAINTEST_MT = 0.05
# A look tries so many new starts at most.
STARTS_A_LOOK = 3
# Mean square of the residuals up to which an answer is shown.
GOOD_ENOUGH = 2.0
OUTSIDE_MM = 140.0


class Finder:
    """One or two balls lying on the board or a little above it.

    Args:
        ball_mm: diameter of the only ball on the board; None for tonight's unknown magnets.
    """

    def __init__(self, ball_mm: float | None = None) -> None:
        self._moment = ball_moment(ball_mm or USUAL_BALL_MM)
        self._strength = ANY_STRENGTH if ball_mm is None else KNOWN_STRENGTH
        self._height_mm = None if ball_mm is None else ball_mm / 2.0
        self._most = 2 if ball_mm is None else 1
        self._points = Mounting().points_mm()
        self._last: Found | None = None
        self._next = 0

    def look(self, played_mt: Array) -> Array:
        """[B, 2] mm where the balls are now, B = 0 where no one or two balls explain the field [4, 3]."""
        field = np.asarray(played_mt, dtype=np.float64).reshape(SENSORS, AXES)
        if np.linalg.norm(field, axis=1).max() < FAINTEST_MT:
            self._last = None
            return np.empty((0, 2))
        best = self._warm(field)
        if best is None or best.surprise > GOOD_ENOUGH:
            best = self._search(field, best)
        self._last = best
        if best is None or best.surprise > GOOD_ENOUGH:
            return np.empty((0, 2))
        places = best.position_mm[:, :2]
        return np.asarray(places[np.hypot(places[:, 0], places[:, 1]) < OUTSIDE_MM])

    def _warm(self, field: Array) -> Found | None:
        if self._last is None:
            return None
        unknowns = np.hstack([self._last.position_mm / 10.0, self._last.moment / self._moment])
        return self._problem(field, len(unknowns)).solve(unknowns)

    def _search(self, field: Array, best: Found | None) -> Found | None:
        """The next few starts of one ball, then of two; the one after them at the next look."""
        cold = [
            start
            for balls in range(1, self._most + 1)
            for start in starts(field, self._points, balls, self._height_mm)
        ]
        for _ in range(STARTS_A_LOOK):
            start = cold[self._next % len(cold)]
            self._next += 1
            answer = self._problem(field, len(start)).solve(start)
            if best is None or answer.surprise < best.surprise:
                best = answer
            if best.surprise <= GOOD_ENOUGH:
                self._next = 0
                break
        return best

    def _problem(self, field: Array, balls: int) -> Problem:
        height = self._height_mm if balls == 1 else 0.5 * USUAL_BALL_MM
        return Problem(
            field,
            self._points,
            self._moment,
            height_mm=height,
            model_error=MODEL_ERROR,
            strength_error=self._strength,
            most_tries=30 if balls == 1 else 12,
        )
