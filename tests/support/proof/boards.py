"""Hundreds of imperfect boards, calibrated: does the same gesture give the same touch on all of them?

Every board has its own gains (±10 %), rotations (up to 5 degrees), heights (±3 mm), electronic offsets,
ambient field, hum and noise, and the converter's steps. The fields come from the simulated board's magnets
at seven heights, interpolated; nothing of a board's imperfection is known to the calibration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from scipy.interpolate import BarycentricInterpolator
from scipy.spatial.transform import Rotation

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.capture.procedure import Session
from calibration.capture.spot_steps import spot_steps
from calibration.fitting.spots import SpotReadings
from calibration.model import AXES, SENSORS, Array, SensorIdentity
from calibration.stretch import SATURATED_AXES, Recording
from geometry import BoardGeometry
from sensors.simulation import Environment, World, load_gesture
from sensors.simulation.magnets import THERMAL_PER_K, stack_field_ut

RATE_HZ = 200.0
NOISE_MT = 0.005
STEP_MT = np.array([0.0015, 0.0015, 0.00242])
FULL_SCALE_MT = (49.2, 49.2, 79.3)
TOLERANCE_MM = 3.0
HEIGHTS_MM = np.linspace(-TOLERANCE_MM, TOLERANCE_MM, 7)
SPOT_BALL_MM = 15.0
BESIDE_MM = 0.2
QUIET = Environment(ambient_ut=(0.0, 0.0, 0.0))


@dataclass(frozen=True)
class _Raised(BoardGeometry):
    """The published board with every sensor this much higher; the stacks stay where they are."""

    raised_mm: float = 0.0

    def sensors_mm(self) -> Array:
        points = BoardGeometry.sensors_mm(self).astype(np.float64)
        points[:, 2] += self.raised_mm
        return points


class Stage:
    """The played and the static field of a gesture at every height: made once, used by every board."""

    def __init__(self, gesture: str, seconds: float | None = None, heights_mm: Array = HEIGHTS_MM) -> None:
        loaded = load_gesture(gesture)
        self.time_s = np.arange(0.0, min(seconds or np.inf, loaded.duration_s), 1.0 / RATE_HZ)
        self._heights_mm = heights_mm
        played, static = [], []
        for height in heights_mm:
            geometry = _Raised(raised_mm=float(height))
            still = stack_field_ut(geometry, geometry.sensors_mm()) * 1e-3
            played.append(World(loaded, geometry, QUIET).field_mt(self.time_s) - still)
            static.append(still)
        self._played, self._static = np.array(played), np.array(static)

    def at(self, height_mm: Array) -> tuple[Array, Array]:
        """Played field [N, 4, 3] and static field [4, 3] with sensor k raised by height_mm[k]."""
        played, static = np.empty(self._played.shape[1:]), np.empty((SENSORS, AXES))
        for sensor, height in enumerate(height_mm):
            weights = self._weights(float(height))
            played[:, sensor] = np.tensordot(weights, self._played[:, :, sensor], axes=1)
            static[sensor] = weights @ self._static[:, sensor]
        return played, static

    def _weights(self, height_mm: float) -> Array:
        """Of the computed heights; the polynomial through seven of them is exact to a part in 10^5."""
        return np.asarray(BarycentricInterpolator(self._heights_mm, np.eye(len(self._heights_mm)))(height_mm))


@dataclass
class ImperfectBoard:
    """One board out of the workshop, in one room. Everything is drawn from `seed`.

    `tolerance_mm` is how much too high or too low its sensors may sit.
    """

    seed: int
    tolerance_mm: float = TOLERANCE_MM
    mounting: Mounting = field(init=False)
    offset_mt: Array = field(init=False)
    ambient_mt: Array = field(init=False)
    hum_mt: float = field(init=False)
    hum_hz: float = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng([self.seed, 1])
        axis = rng.standard_normal((SENSORS, AXES))
        axis /= np.linalg.norm(axis, axis=1, keepdims=True)
        angle = np.deg2rad(rng.uniform(0.0, 5.0, (SENSORS, 1)))
        self.mounting = Mounting(
            gain=rng.uniform(0.9, 1.1, (SENSORS, AXES)),
            rotation=axis * angle,
            height_mm=rng.uniform(-self.tolerance_mm, self.tolerance_mm, SENSORS),
        )
        self.offset_mt = rng.normal(0.0, 0.1, (SENSORS, AXES))
        direction = rng.standard_normal(AXES)
        self.ambient_mt = 0.05 * direction / np.linalg.norm(direction)
        self.hum_mt = float(rng.uniform(0.0, 0.01))
        self.hum_hz = float(rng.choice([50.0, 60.0]))

    def record(self, stage: Stage, kelvin: float = 0.0, *, play: bool = True, stream: int = 0) -> Recording:
        """The chips' readings of a gesture, `kelvin` above the temperature of the calibration."""
        rng = np.random.default_rng([self.seed, 2, stream])
        played, static = stage.at(self.mounting.height_mm)
        board = static * (1.0 + THERMAL_PER_K * kelvin) + self.ambient_mt
        shown = self.mounting.shows(board + played if play else np.broadcast_to(board, played.shape))
        phase = rng.uniform(0.0, 2.0 * np.pi)
        hum = self.hum_mt * np.sin(2.0 * np.pi * self.hum_hz * stage.time_s + phase)
        hum_direction = np.array([0.8, 0.5, 0.33])
        raw = shown + self.offset_mt + hum[:, None, None] * hum_direction
        raw = raw + rng.normal(0.0, NOISE_MT, raw.shape)
        return _converted(stage.time_s, raw, 25.0 + kelvin)

    def spots(self) -> SpotReadings:
        """The known ball on the sixteen placements, put down by a hand."""
        rng = np.random.default_rng([self.seed, 3])
        moment, steps = ball_moment(SPOT_BALL_MM), spot_steps()
        nominal = np.array([(*step.place_mm, SPOT_BALL_MM / 2.0) for step in steps if step.place_mm])
        upright = np.array([[0.0, 0.0, 1.0 if step.mark_up else -1.0] for step in steps])
        poles = upright + rng.normal(0.0, 0.1, upright.shape)
        poles *= moment / np.linalg.norm(poles, axis=1, keepdims=True)
        placed = nominal.copy()
        placed[:, :2] += rng.normal(0.0, BESIDE_MM, (len(steps), 2))
        noise = NOISE_MT / np.sqrt(0.65 * RATE_HZ)
        shown = self.mounting.shows(dipole_mt(placed, poles, self.mounting.points_mm()))
        return SpotReadings(shown + rng.normal(0.0, noise, shown.shape), nominal, moment, noise)

    def session(self, empty: Stage, free_play: Stage, *, spots: bool) -> Session:
        """What the calibration gets to see."""
        identity = tuple(
            SensorIdentity("mlx90393", 0x0C + k, 46000 + 4 * self.seed + k, {}, FULL_SCALE_MT)
            for k in range(SENSORS)
        )
        return Session(
            identity,
            f"board {self.seed}",
            self.record(empty, play=False),
            self.record(free_play, stream=1),
            self.spots() if spots else None,
        )

    def rotation_error_deg(self, found: Mounting) -> float:
        """Largest angle between true and found rotation."""
        true, seen = Rotation.from_rotvec(self.mounting.rotation), Rotation.from_rotvec(found.rotation)
        return float(np.rad2deg(np.linalg.norm((seen * true.inv()).as_rotvec(), axis=1)).max())


def _converted(time_s: Array, raw_mt: Array, temperature_c: float) -> Recording:
    """Through the converter: steps, rails, saturation flags."""
    scale = np.array(FULL_SCALE_MT)
    flags = np.zeros(raw_mt.shape[:2], dtype=np.uint32)
    for axis, bit in enumerate(SATURATED_AXES):
        flags[np.abs(raw_mt[:, :, axis]) >= scale[axis]] |= np.uint32(bit)
    count = len(time_s)
    return Recording(
        time_s,
        np.clip(np.round(raw_mt / STEP_MT) * STEP_MT, -scale, scale),
        np.full((count, SENSORS), temperature_c),
        np.ones((count, SENSORS)),
        flags,
    )


def boards(count: int, tolerance_mm: float = TOLERANCE_MM) -> Iterator[ImperfectBoard]:
    """Boards with the seeds 0, 1, ..., their sensors up to `tolerance_mm` too high or too low."""
    return (ImperfectBoard(seed, tolerance_mm) for seed in range(count))
