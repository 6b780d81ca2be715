"""Boards out of a workshop that nobody watched, in rooms that nobody chose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import magpylib
import numpy as np
from scipy.spatial.transform import Rotation

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.capture.procedure import Session
from calibration.capture.spot_steps import spot_steps
from calibration.fitting.spots import SpotReadings
from calibration.model import AXES, SENSORS, Array, SensorIdentity
from calibration.stretch import SATURATED_AXES, Recording
from tests.support.harsh.hands import Hand, Magnet

FULL_SCALE_MT = (49.2, 49.2, 79.3)
STEP_MT = np.array([0.0015, 0.0015, 0.00242])
NOISE_MT = 0.005
STACK_MM, STACK_REMANENCE_T, STACK_TOP_MM = (30.0, 8.0), 1.30, -47.0
MAGNET_PER_K = -0.0012
RINGS_MM = np.array([[-65.0, 0.0], [0.0, 65.0], [65.0, 0.0], [0.0, -65.0]])
SPOT_BALL_MM, BESIDE_MM = 15.0, 0.2


@dataclass(frozen=True)
class Workshop:
    """How far off everything may be, half-widths; the defaults are the tolerances of docs/calibration.md."""

    gain: float = 0.10
    angle_deg: float = 5.0
    height_mm: float = 3.0
    sideways_mm: float = 0.0
    cross: float = 0.0
    stack_mm: float = 0.0
    stack_strength: float = 0.0
    stack_deg: float = 0.0
    poles_follow: bool = False


DOCS = Workshop()
SIDEWAYS = replace(DOCS, sideways_mm=1.5, angle_deg=7.0, cross=0.01)
STACKS = replace(SIDEWAYS, stack_mm=1.5, stack_strength=0.15, stack_deg=2.0)
FOLLOWED = replace(STACKS, poles_follow=True)


@dataclass
class Stacks:
    """The four stacks as they sit: sideways [4, 2] mm, strength [4] (-1 upside down), tilt [4, 3] rad."""

    sideways_mm: Array = field(default_factory=lambda: np.zeros((SENSORS, 2)))
    strength: Array = field(default_factory=lambda: np.ones(SENSORS))
    tilt: Array = field(default_factory=lambda: np.zeros((SENSORS, AXES)))

    def field_mt(self, points_mm: Array) -> Array:
        """[N, 3] mT at [N, 3] mm."""
        total = np.zeros((len(points_mm), AXES))
        for stack in range(SENSORS):
            centre = np.array([*(RINGS_MM[stack] + self.sideways_mm[stack]), STACK_TOP_MM - STACK_MM[1] / 2])
            magnet = magpylib.magnet.Cylinder(  # type: ignore[no-untyped-call]
                dimension=(STACK_MM[0] * 1e-3, STACK_MM[1] * 1e-3),
                polarization=(0.0, 0.0, STACK_REMANENCE_T * self.strength[stack]),
                position=centre * 1e-3,
                orientation=Rotation.from_rotvec(self.tilt[stack]),
            )
            total += np.reshape(magnet.getB(points_mm * 1e-3), (-1, AXES)) * 1e3
        return total


@dataclass
class Board:
    """One board in one room. `shown` is what goes wrong on the way from the field to the frame."""

    seed: int
    workshop: Workshop = DOCS
    mounting: Mounting = field(init=False)
    stacks: Stacks = field(init=False)
    offset_mt: Array = field(init=False)
    ambient_mt: Array = field(init=False)
    hum_mt: float = field(init=False)
    hum_hz: float = field(init=False)
    noise_mt: float = NOISE_MT
    extra_mt: Callable[[Array, str], Array] | None = None
    shown: Callable[[Array], Array] | None = None
    mirror_plane_mm: float | None = None

    def __post_init__(self) -> None:
        rng, shop = np.random.default_rng([self.seed, 11]), self.workshop
        axis = rng.standard_normal((SENSORS, AXES))
        axis /= np.linalg.norm(axis, axis=1, keepdims=True)
        self.mounting = Mounting(
            gain=rng.uniform(1.0 - shop.gain, 1.0 + shop.gain, (SENSORS, AXES)),
            rotation=axis * np.deg2rad(rng.uniform(0.0, shop.angle_deg, (SENSORS, 1))),
            height_mm=rng.uniform(-shop.height_mm, shop.height_mm, SENSORS),
            sideways_mm=rng.uniform(-shop.sideways_mm, shop.sideways_mm, (SENSORS, 2)),
            cross=rng.uniform(-shop.cross, shop.cross, (SENSORS, AXES)),
        )
        lean = rng.standard_normal((SENSORS, AXES)) * np.array([1.0, 1.0, 0.0])
        lean /= np.linalg.norm(lean, axis=1, keepdims=True)
        self.stacks = Stacks(
            rng.uniform(-shop.stack_mm, shop.stack_mm, (SENSORS, 2)),
            rng.uniform(1.0 - shop.stack_strength, 1.0 + shop.stack_strength, SENSORS),
            lean * np.deg2rad(rng.uniform(0.0, shop.stack_deg, (SENSORS, 1))),
        )
        self.offset_mt = rng.normal(0.0, 0.1, (SENSORS, AXES))
        way = rng.standard_normal(AXES)
        self.ambient_mt = 0.05 * way / np.linalg.norm(way)
        self.hum_mt, self.hum_hz = float(rng.uniform(0.0, 0.01)), float(rng.choice([50.0, 60.0]))

    def played_mt(self, hand: Hand, every: int = 1) -> Array:
        """[N, 4, 3] in the board's axes: what the magnets of a hand add at the sensors."""
        points = self.mounting.points_mm()
        total = np.zeros((len(hand.time_s[::every]), SENSORS, AXES))
        for magnet in hand.magnets:
            places = magnet.path_mm[::every]
            poles = self._poles(magnet, hand, every)
            for part in magnet.bundle_mm:
                moments = magnet.moment / len(magnet.bundle_mm) * poles
                at = places + part
                total += dipole_mt(at, moments, points)
                if self.mirror_plane_mm is not None:  # soft iron: the magnet's image below the plane
                    image = at * [1, 1, -1] + [0, 0, 2 * self.mirror_plane_mm]
                    total += 0.9 * dipole_mt(image, moments * [-1, -1, 1], points)
        return total

    def _poles(self, magnet: Magnet, hand: Hand, every: int) -> Array:
        places = magnet.path_mm[::every]
        if magnet.pole in ("up", "down"):
            return np.tile([0.0, 0.0, 1.0 if magnet.pole == "up" else -1.0], (len(places), 1))
        if magnet.pole == "turning":
            return magnet.turning[::every]
        stacks = self.stacks if self.workshop.poles_follow else Stacks()
        coarse = slice(None, None, max(1, 8 // every))  # the field turns slowly along a path
        rows = np.arange(len(places))
        field_mt = stacks.field_mt(places[coarse])
        poles = np.stack([np.interp(rows, rows[coarse], field_mt[:, axis]) for axis in range(AXES)], axis=1)
        return poles / np.maximum(np.linalg.norm(poles, axis=1, keepdims=True), 1e-12)

    def static_mt(self) -> Array:
        """[4, 3] in the board's axes, at the temperature of the calibration."""
        return self.stacks.field_mt(self.mounting.points_mm())

    def record(
        self,
        hand: Hand,
        step: str,
        *,
        kelvin: float = 0.0,
        every: int = 1,
        play: bool = True,
        stream: int = 0,
    ) -> Recording:
        """The chips' readings; `step` is what the room does meanwhile ("empty", "play", "spots", "gig")."""
        rng, time = np.random.default_rng([self.seed, 12, stream]), hand.time_s[::every]
        played = self.played_mt(hand, every) if play else np.zeros((len(time), SENSORS, AXES))
        board = played + self.static_mt() * (1.0 + MAGNET_PER_K * kelvin) + self.ambient_mt
        if self.extra_mt is not None:
            board = board + self.extra_mt(self.mounting.points_mm(), step)
        hum = self.hum_mt * np.sin(2 * np.pi * self.hum_hz * time + rng.uniform(0.0, 6.28))
        raw = self.mounting.shows(board) + self.offset_mt + hum[:, None, None] * np.array([0.8, 0.5, 0.33])
        raw = raw + rng.normal(0.0, self.noise_mt, raw.shape)
        return self._converted(time, raw, 25.0 + kelvin)

    def _converted(self, time: Array, raw: Array, temperature_c: float) -> Recording:
        scale = np.array(FULL_SCALE_MT)
        flags = np.zeros(raw.shape[:2], dtype=np.uint32)
        for axis, bit in enumerate(SATURATED_AXES):
            flags[np.abs(raw[:, :, axis]) >= scale[axis]] |= np.uint32(bit)
        counted = np.clip(np.round(raw / STEP_MT) * STEP_MT, -scale, scale)
        if self.shown is not None:
            counted = self.shown(counted)
        count = len(time)
        warm = np.full((count, SENSORS), temperature_c)
        return Recording(time, counted, warm, np.ones((count, SENSORS)), flags)

    def spots(self) -> SpotReadings:
        """The known ball in its cup on the sixteen placements, put down by a hand."""
        rng = np.random.default_rng([self.seed, 13])
        moment, steps = ball_moment(SPOT_BALL_MM), spot_steps()
        nominal = np.array([(*step.place_mm, SPOT_BALL_MM / 2.0) for step in steps if step.place_mm])
        poles = np.array([[0.0, 0.0, 1.0 if step.mark_up else -1.0] for step in steps])
        poles = poles + rng.normal(0.0, 0.1, poles.shape)
        poles *= moment / np.linalg.norm(poles, axis=1, keepdims=True)
        placed = nominal.copy()
        placed[:, :2] += rng.normal(0.0, BESIDE_MM, (len(steps), 2))
        noise = self.noise_mt / np.sqrt(130.0)
        field_mt = dipole_mt(placed, poles, self.mounting.points_mm())
        shown = self.mounting.shows(field_mt) + rng.normal(0.0, noise, field_mt.shape)
        if self.shown is not None:
            rest = self.mounting.shows(self.static_mt() + self.ambient_mt) + self.offset_mt
            shown = self.shown(shown + rest) - self.shown(np.broadcast_to(rest, shown.shape))
        return SpotReadings(shown, nominal, moment, noise)

    def session(self, empty: Hand, play: Hand, *, spots: bool) -> Session:
        """What the calibration gets to see."""
        serials = tuple(
            SensorIdentity("mlx90393", 0x0C + k, 46000 + 4 * self.seed + k, {}, FULL_SCALE_MT)
            for k in range(SENSORS)
        )
        return Session(
            serials,
            f"harsh board {self.seed}",
            self.record(empty, "empty", play=False, stream=1),
            self.record(play, "play", stream=2),
            self.spots() if spots else None,
        )
