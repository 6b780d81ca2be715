"""Known spots: one ball on printed places tells how every sensor shows a field, and where it sits.

Sixteen placements (four ring centres, four crossings, both polarities) give 192 readings for the 48 unknowns
of the sensors and six of each placement: the ball's moment (its strength is known, its direction is not) and
how far beside the mark it was put. `calibration.fitting.bundle` solves them together; differences from the
empty board only, so no offset is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibration.board_model import Mounting, dipole_mt
from calibration.errors import CalibrationError
from calibration.fitting.bundle import Sightings, bundle, moments_at
from calibration.model import SENSORS, Array
from geometry import BoardGeometry

# How well a hand puts a ball in its cup on the mark, sideways and in height.
BESIDE_MM, HIGHER_MM = 0.3, 0.05
# The model itself is trusted to this part of the field: balls are not perfect dipoles.
MODEL_ERROR = 0.002
STRENGTH_ERROR = 0.002
FEWEST_PLACEMENTS = 6
LARGEST_RESIDUAL = 0.05
# Of what the spots alone leave: a marble that was alone made it 1.02 to 1.07, one with others near 1.8 to 2.
STILL_EXPLAINED = 1.3
FARTHEST_BESIDE_MM = 3.0
LARGEST_ROTATION_DEG, LARGEST_LOG_GAIN = 15.0, 0.35


@dataclass(frozen=True)
class Spot:
    """A printed place: its name and [x, y] in mm."""

    name: str
    place_mm: tuple[float, float]


def printed_spots(geometry: BoardGeometry | None = None) -> tuple[Spot, ...]:
    """The four ring centres, then the four crossings between neighbours."""
    rings = (geometry or BoardGeometry()).attractors_mm()
    centres = [Spot(f"centre of ring {k + 1}", (float(x), float(y))) for k, (x, y) in enumerate(rings)]
    between = [(rings[k] + rings[(k + 1) % SENSORS]) / 2 for k in range(SENSORS)]
    crossings = [
        Spot(f"crossing of rings {k + 1} and {(k + 1) % SENSORS + 1}", (float(x), float(y)))
        for k, (x, y) in enumerate(between)
    ]
    return (*centres, *crossings)


@dataclass(frozen=True)
class SpotReadings:
    """What was read with the ball on the spots.

    Attributes:
        field_mt: [P, 4, 3] what the chips show more than on the empty board.
        places_mm: [P, 3] nominal centres of the ball.
        moment: of the ball, A m2: the gains are in units of this ball.
        noise_mt: standard deviation of a reading.
    """

    field_mt: Array
    places_mm: Array
    moment: float
    noise_mt: float


@dataclass(frozen=True)
class SpotFit:
    """What the spots tell: the mounting, and how well a dipole explains them (part of the field, 0..1).

    `moments` [P, 3] A m2; `beside_mm` [P] how far from its mark each ball seems to lie; `misfit` [P] the
    part of each placement's field that is not explained.
    """

    mounting: Mounting
    residual: float
    moments: Array
    beside_mm: Array
    misfit: Array

    @property
    def strange(self) -> Array:
        """[P] how little each placement fits, 1 where it would be refused."""
        return np.asarray(self.beside_mm / FARTHEST_BESIDE_MM + self.misfit / LARGEST_RESIDUAL)


def fit_spots(readings: SpotReadings) -> SpotFit:
    """Gain, rotation and height of each sensor.

    Raises:
        CalibrationError: too few placements, or no ball on these places explains the readings.
    """
    found = solve_spots(readings)
    _refuse_misplaced(found.beside_mm)
    if found.residual > LARGEST_RESIDUAL:
        got = f"{100 * found.residual:.0f} % of the field unexplained"
        do = "one ball only, nothing else on the board; check its diameter with --ball-mm"
        raise CalibrationError("one known ball on the printed spots", got, do)
    _refuse_impossible(found.mounting)
    return found


def solve_spots(readings: SpotReadings) -> SpotFit:
    """The board that explains the readings best, whether it does so well or not.

    Raises:
        CalibrationError: too few placements.
    """
    if len(readings.field_mt) < FEWEST_PLACEMENTS:
        got = f"{len(readings.field_mt)}"
        raise CalibrationError(f"at least {FEWEST_PLACEMENTS} placements of the ball", got, "use more spots")
    found = bundle(_sightings(readings, Mounting()))
    field, mounting = readings.field_mt, found.mounting
    predicted = mounting.shows(dipole_mt(found.places_mm, found.moments, mounting.points_mm()))
    left, all_of_it = np.sum((field - predicted) ** 2, axis=(1, 2)), np.sum(field**2, axis=(1, 2))
    residual = float(np.sqrt(np.sum(left) / np.sum(all_of_it)))
    misfit = np.sqrt(left / np.maximum(all_of_it, 1e-12))
    beside = np.linalg.norm(found.places_mm - readings.places_mm, axis=1)
    return SpotFit(mounting, residual, found.moments, beside, misfit)


def and_play(readings: SpotReadings, found: SpotFit, lone: Sightings) -> SpotFit:
    """The same with frames of free play in which one marble was alone: a board that explains both.

    The spots say how strong everything is and where; a hand puts the ball down to 0.2 mm. The marble's
    hundreds of frames, each with a place and a moment of its own, say how the four sensors stand to each
    other. Where the board of both no longer explains the spots, the marble was not alone: something lay near,
    always at the same place. The spots alone are right then.
    """
    together = bundle(_sightings(readings, found.mounting).and_these(lone), found.mounting)
    if _unexplained(readings, together.mounting) > STILL_EXPLAINED * _unexplained(readings, found.mounting):
        return found
    return replace(found, mounting=together.mounting)


def _unexplained(readings: SpotReadings, mounting: Mounting) -> float:
    """Of the spots on this board, root mean square in standard errors, each ball where it fits best."""
    misfit = bundle(_sightings(readings, mounting), mounting, free=False).misfit
    return float(np.sqrt(np.mean(misfit**2)))


def _sightings(readings: SpotReadings, mounting: Mounting) -> Sightings:
    """The placements; the ball's moment begins as it looks on this board."""
    field, count = readings.field_mt, len(readings.field_mt)
    error = np.hypot(readings.noise_mt, MODEL_ERROR * np.linalg.norm(field, axis=2))
    moments = moments_at(field, error, readings.places_mm, mounting)
    lengths = np.maximum(np.linalg.norm(moments, axis=1, keepdims=True), 1e-9)
    return Sightings(
        field,
        error,
        readings.places_mm,
        np.tile([BESIDE_MM, BESIDE_MM, HIGHER_MM], (count, 1)),
        readings.moment * moments / lengths,
        np.full(count, readings.moment),
        np.full(count, STRENGTH_ERROR),
        np.ones(count),
    )


def _refuse_misplaced(beside_mm: Array) -> None:
    worst = int(np.argmax(beside_mm))
    if beside_mm[worst] > FARTHEST_BESIDE_MM:
        got = f"the ball of placement {worst + 1} {beside_mm[worst]:.0f} mm beside its mark"
        raise CalibrationError(
            "the ball on the printed spots", got, "repeat the known spots, one after another"
        )


def _refuse_impossible(mounting: Mounting) -> None:
    """A board that far off is no board out of a workshop but a wrong setting: say which sensor."""
    angle = np.rad2deg(np.linalg.norm(mounting.rotation, axis=1))
    stretch = np.abs(np.log(mounting.gain)).max(axis=1)
    for sensor in range(SENSORS):
        if angle[sensor] > LARGEST_ROTATION_DEG or stretch[sensor] > LARGEST_LOG_GAIN:
            gain = mounting.gain[sensor][np.argmax(np.abs(np.log(mounting.gain[sensor])))]
            got = f"sensor {sensor + 1} turned by {angle[sensor]:.0f} degrees with a gain of {gain:.2f}"
            raise CalibrationError("sensors as in the settings", got, "check its axes, gain and place")
