"""Where one or two balls are, from twelve field values: for display and checks, never in the sound.

Dipole inversion by Levenberg-Marquardt with the ball's strength as an extra residual; several starts near
the strongest sensors when cold, one from the last answer when warm. The residual is a figure of health: a
field that no ball explains is a second magnet, or a board that is not calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.optimize

from calibration.board_model import dipole_mt
from calibration.model import Array

STRENGTH_ERROR = 0.02
MODEL_ERROR = 0.002
HEIGHT_ERROR_MM = 1.0
# Mean square of the residuals in units of their expected size at which the search for a better start ends.
EXPECTED = 3.0
UNKNOWNS = 6


@dataclass(frozen=True)
class Found:
    """Where the balls are.

    Attributes:
        position_mm: [B, 3]; moment: [B, 3] A m2.
        residual: unexplained part of the field, 0..1.
        surprise: mean square of the residuals in units of noise and model error; about 1 when all is well.
    """

    position_mm: Array
    moment: Array
    residual: float
    surprise: float


def locate(
    field_mt: Array,
    points_mm: Array,
    *,
    moment: float,
    noise_mt: float = 0.005,
    balls: int = 1,
    height_mm: float | None = None,
    last: Found | None = None,
) -> Found:
    """Finds `balls` (1 or 2) magnets of known strength.

    Args:
        field_mt: [4, 3] what the balls add, corrected to the board's axes.
        points_mm: [4, 3] where the sensors are.
        moment: strength of each ball, A m2.
        height_mm: height of the centres where it is known (balls lying on the board); two balls need it.
        last: the previous answer, to start from.
    """
    problem = Problem(field_mt, points_mm, moment, noise_mt=noise_mt, height_mm=height_mm)
    if last is not None and len(last.position_mm) == balls:
        warm = problem.solve(np.hstack([last.position_mm / 10.0, last.moment / moment]))
        if warm.surprise < EXPECTED:
            return warm
    best: Found | None = None
    for start in starts(field_mt, points_mm, balls, height_mm):
        answer = problem.solve(start)
        if best is None or answer.surprise < best.surprise:
            best = answer
        if best.surprise < EXPECTED:
            break
    assert best is not None
    return best


def starts(field_mt: Array, points_mm: Array, balls: int, height_mm: float | None) -> list[Array]:
    """Above each sensor and between neighbours, the strongest first, poles up and down: [B, 6] each."""
    strength = np.linalg.norm(field_mt, axis=1)
    order = np.argsort(-strength)
    height = 15.0 if height_mm is None else height_mm
    strongest = points_mm[order[0]]
    places = [strongest, 0.5 * (strongest + points_mm[order[1]]), 1.4 * strongest]
    places += [points_mm[k] for k in order[1:]] + [0.0 * strongest]
    poles = (
        [np.array([0.0, 0.0, sign * 1.0]) for sign in (1, -1)] + list(np.eye(3)[:2]) + list(-np.eye(3)[:2])
    )
    single = [
        np.concatenate([[place[0] / 10.0, place[1] / 10.0, height / 10.0], pole])
        for place in places
        for pole in poles
    ]
    if balls == 1:
        return [start[None] for start in single]
    upright = [start for start in single if abs(start[5]) == 1]
    return [np.stack([one, other]) for one in upright[:6] for other in upright[4:] if one is not other]


class Problem:
    """Unknowns of a ball: position in cm and moment in units of its strength, all of order one.

    Args:
        model_error: part of each sensor's field to which gains, turns and heights are known.
        strength_error: part to which the moment is known.
        most_tries: for each unknown.
    """

    def __init__(
        self,
        field_mt: Array,
        points_mm: Array,
        moment: float,
        *,
        noise_mt: float = 0.005,
        height_mm: float | None = None,
        model_error: float = MODEL_ERROR,
        strength_error: float = STRENGTH_ERROR,
        most_tries: int = 60,
    ) -> None:
        self._field, self._points, self._moment, self._height = field_mt, points_mm, moment, height_mm
        self._error = np.hypot(noise_mt, model_error * np.linalg.norm(field_mt, axis=1, keepdims=True))
        self._strength_error, self._most_tries = strength_error, most_tries

    def predict(self, unknowns: Array) -> Array:
        """[M, 6] places in cm and moments in balls to the field [S, 3] in mT."""
        parts = dipole_mt(10.0 * unknowns[:, :3], self._moment * unknowns[:, 3:], self._points)
        return np.asarray(parts.sum(axis=0))

    def residuals(self, flat: Array) -> Array:
        """Misfit of field, strength and height, each in units of its own error."""
        unknowns = flat.reshape(-1, UNKNOWNS)
        misfit = ((self.predict(unknowns) - self._field) / self._error).ravel()
        strength = (np.linalg.norm(unknowns[:, 3:], axis=1) - 1.0) / self._strength_error
        if self._height is None:
            return np.concatenate([misfit, strength])
        height = (10.0 * unknowns[:, 2] - self._height) / HEIGHT_ERROR_MM
        return np.concatenate([misfit, strength, height])

    def solve(self, start: Array) -> Found:
        """The nearest minimum from a start of the shape of `unknowns`."""
        result = scipy.optimize.least_squares(
            self.residuals, start.ravel(), method="lm", max_nfev=self._most_tries * start.size
        )
        unknowns = result.x.reshape(-1, UNKNOWNS)
        misfit = float(np.linalg.norm(self.predict(unknowns) - self._field))
        part = misfit / max(float(np.linalg.norm(self._field)), 1e-9)
        surprise = float(2.0 * result.cost / self._field.size)
        return Found(10.0 * unknowns[:, :3], self._moment * unknowns[:, 3:], part, surprise)
