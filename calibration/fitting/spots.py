"""Known spots: one ball on printed places tells gain, rotation and height of every sensor.

Sixteen placements (four ring centres, four crossings, both polarities) give 192 readings for 28 unknowns of
the sensors and five of each placement: the ball's moment (its strength is known, its direction is not) and
how far beside the mark it was put. Levenberg-Marquardt with weak priors; differences from the empty board
only, so no offset is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.optimize

from calibration.board_model import Mounting, dipole_mt
from calibration.errors import CalibrationError
from calibration.model import AXES, SENSORS, Array
from geometry import BoardGeometry

# Priors (standard deviations): what a board out of the workshop is like.
GAIN_SPREAD, ROTATION_SPREAD_RAD, HEIGHT_SPREAD_MM = 0.07, np.deg2rad(4.0), 2.5
BESIDE_MM = 0.3
# The model itself is trusted to this part of the field: balls are not perfect dipoles.
MODEL_ERROR = 0.002
STRENGTH_ERROR = 0.002
SENSOR_UNKNOWNS, PLACE_UNKNOWNS = 7, 5
FEWEST_PLACEMENTS = 6
LARGEST_RESIDUAL = 0.05
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
    """What the spots tell: the mounting, and how well a dipole explains them (part of the field, 0..1)."""

    mounting: Mounting
    residual: float
    moments: Array


def fit_spots(readings: SpotReadings) -> SpotFit:
    """Gain, rotation and height of each sensor.

    Raises:
        CalibrationError: too few placements, or no ball on these places explains the readings.
    """
    field = readings.field_mt
    if len(field) < FEWEST_PLACEMENTS:
        got = f"{len(field)}"
        raise CalibrationError(f"at least {FEWEST_PLACEMENTS} placements of the ball", got, "use more spots")
    problem = _Problem(readings)
    result = scipy.optimize.least_squares(
        problem.residuals, problem.start(), jac=problem.jacobian, method="lm", ftol=1e-9, max_nfev=100
    )
    mounting, moments, predicted = problem.unpack(result.x)
    residual = float(np.sqrt(np.sum((field - predicted) ** 2) / np.sum(field**2)))
    _refuse_misplaced(problem.beside_mm(result.x))
    if residual > LARGEST_RESIDUAL:
        got = f"{100 * residual:.0f} % of the field unexplained"
        do = "one ball only, nothing else on the board; check its diameter with --ball-mm"
        raise CalibrationError("one known ball on the printed spots", got, do)
    _refuse_impossible(mounting)
    return SpotFit(mounting, residual, moments)


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


class _Problem:
    """The least-squares problem: unknowns are scaled so that a prior's standard deviation is 1."""

    def __init__(self, readings: SpotReadings) -> None:
        self._readings, self._places = readings.field_mt, readings.places_mm
        self._moment = readings.moment
        size = np.linalg.norm(self._readings, axis=2, keepdims=True)
        self._error = np.hypot(readings.noise_mt, MODEL_ERROR * size)
        self._count = len(self._readings)
        self._split = SENSORS * SENSOR_UNKNOWNS

    def start(self) -> Array:
        """A perfect board; moments by linear least squares at the nominal places."""
        unknowns = np.zeros(self._split + self._count * PLACE_UNKNOWNS)
        places = self._place_part(unknowns)
        points = Mounting().points_mm()
        for number in range(self._count):
            basis = dipole_mt(np.tile(self._places[number], (AXES, 1)), np.eye(AXES), points)
            weight = 1.0 / self._error[number]
            rows = (basis * weight).reshape(AXES, -1).T
            wanted = (self._readings[number] * weight).ravel()
            found = np.linalg.lstsq(rows, wanted, rcond=None)[0]
            places[number, :3] = found / max(float(np.linalg.norm(found)), 1e-12)
        return unknowns

    def _place_part(self, unknowns: Array) -> Array:
        return unknowns[self._split :].reshape(self._count, PLACE_UNKNOWNS)

    def unpack(self, unknowns: Array) -> tuple[Mounting, Array, Array]:
        """Mounting, moments [P, 3] and predicted readings [P, 4, 3]."""
        own = unknowns[: self._split].reshape(SENSORS, SENSOR_UNKNOWNS)
        mounting = Mounting(
            gain=np.exp(GAIN_SPREAD * own[:, :3]),
            rotation=ROTATION_SPREAD_RAD * own[:, 3:6],
            height_mm=HEIGHT_SPREAD_MM * own[:, 6],
        )
        place = self._place_part(unknowns)
        moments = self._moment * place[:, :3]
        position = self._places.copy()
        position[:, :2] += BESIDE_MM * place[:, 3:]
        return mounting, moments, mounting.shows(dipole_mt(position, moments, mounting.points_mm()))

    def beside_mm(self, unknowns: Array) -> Array:
        """[P] how far from its mark each ball seems to lie."""
        return np.asarray(BESIDE_MM * np.linalg.norm(self._place_part(unknowns)[:, 3:], axis=1))

    def residuals(self, unknowns: Array) -> Array:
        """Readings, then the priors."""
        _, _, predicted = self.unpack(unknowns)
        place = self._place_part(unknowns)
        strength = (np.linalg.norm(place[:, :3], axis=1) - 1.0) / STRENGTH_ERROR
        readings = (predicted - self._readings) / self._error
        return np.concatenate([readings.ravel(), unknowns[: self._split], strength, place[:, 3:].ravel()])

    def jacobian(self, unknowns: Array) -> Array:
        """By differences, all sensors at once, then all placements: they do not see each other's unknowns."""
        step = 1e-6
        base = self.residuals(unknowns)
        matrix = np.zeros((len(base), len(unknowns)))
        data = self._readings.size
        owner = np.broadcast_to(np.arange(SENSORS)[None, :, None], self._readings.shape).ravel()
        place = np.broadcast_to(np.arange(self._count)[:, None, None], self._readings.shape).ravel()
        for unknown in range(SENSOR_UNKNOWNS):
            columns = np.arange(SENSORS) * SENSOR_UNKNOWNS + unknown
            slope = (self.residuals(_nudged(unknowns, columns, step)) - base) / step
            matrix[np.arange(data), columns[owner]] = slope[:data]
            matrix[data + columns, columns] = 1.0
        strength = data + self._split
        beside = strength + self._count
        for unknown in range(PLACE_UNKNOWNS):
            columns = self._split + np.arange(self._count) * PLACE_UNKNOWNS + unknown
            slope = (self.residuals(_nudged(unknowns, columns, step)) - base) / step
            matrix[np.arange(data), columns[place]] = slope[:data]
            if unknown < 3:
                rows = strength + np.arange(self._count)
                matrix[rows, columns] = slope[rows]
            else:
                matrix[beside + np.arange(self._count) * 2 + unknown - 3, columns] = 1.0
        return matrix


def _nudged(unknowns: Array, columns: npt.NDArray[np.intp], step: float) -> Array:
    moved: Array = unknowns.copy()
    moved[columns] += step
    return moved
