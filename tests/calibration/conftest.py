"""A small board of its own for these tests: dipole magnets over four sensors, written without `sensors`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pytest

from calibration import Calibration, Recording, SensorIdentity
from calibration.fitting.evening import fit_play, fit_rest

Array = npt.NDArray[np.float64]
SENSORS_MM = np.array([[-65.0, 0, -20], [0, 65, -20], [65, 0, -20], [0, -65, -20]])
RATE_HZ = 200.0
NOISE_MT = 0.005
BALL_MOMENT = 1.83  # A m2: a 15 mm ball of N42
IDENTITIES = tuple(
    SensorIdentity("mlx90393", 0x0C + n, 46696 + n, {"gain_sel": 3, "res": 2}, (49.2, 49.2, 79.3))
    for n in range(4)
)


def dipole_mt(position_mm: Array, moment: Array) -> Array:
    """[N, 4, 3] mT at the sensors for positions [N, 3] and moments [N, 3] A m2."""
    way = (SENSORS_MM[None] - position_mm[:, None]) * 1e-3
    distance = np.linalg.norm(way, axis=2, keepdims=True)
    unit = way / distance
    along = np.sum(unit * moment[:, None], axis=2, keepdims=True)
    return np.asarray(1e3 * 1e-7 * (3 * unit * along - moment[:, None]) / distance**3)


@dataclass
class Board:
    """Offsets, noise, hum and warming; gains 1. `seed` fixes everything."""

    seed: int = 0
    hum_mt: float = 0.0
    offset_mt: Array = field(init=False)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.offset_mt = rng.normal(0, 0.3, (4, 3)) + np.array([0.0, 0.0, 23.0])

    def record(self, played_mt: Array, kelvin_per_s: float = 0.0) -> Recording:
        """What the sensors show of a played field [N, 4, 3]."""
        rng = np.random.default_rng(self.seed + 1000)
        count = len(played_mt)
        time = np.arange(count) / RATE_HZ
        warm = kelvin_per_s * time
        static = self.offset_mt * (1 - 0.0012 * warm)[:, None, None]
        hum = self.hum_mt * np.sin(2 * np.pi * 50 * time)[:, None, None]
        noise = rng.normal(0, NOISE_MT, played_mt.shape)
        return Recording(
            time_s=time,
            field_mt=played_mt + static + hum + noise,
            temperature_c=25 + np.repeat(warm[:, None], 4, axis=1),
            valid=np.ones((count, 4)),
            flags=np.zeros((count, 4), dtype=np.uint32),
        )

    def empty(self, seconds: float = 5.0) -> Recording:
        """The board without magnets."""
        return self.record(np.zeros((round(seconds * RATE_HZ), 4, 3)))

    def played(self, seconds: float = 40.0, scale: float = 1.0) -> Recording:
        """A ball wandering over the whole board, turning."""
        return self.record(scale * wander(seconds))


def wander(seconds: float) -> Array:
    """[N, 4, 3] mT of one ball on a path that never repeats, 10 to 60 mm above the board."""
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    radius = 55 + 50 * np.sin(0.61 * time)
    angle = 1.13 * time + np.sin(0.37 * time)
    height = 35 - 25 * np.cos(0.83 * time)
    position = np.stack([radius * np.cos(angle), radius * np.sin(angle), height], axis=1)
    pole = np.stack([np.sin(1.7 * time), np.cos(1.3 * time), np.sin(0.9 * time + 1)], axis=1)
    pole /= np.linalg.norm(pole, axis=1, keepdims=True)
    return dipole_mt(position, BALL_MOMENT * pole)


def calibrated(board: Board) -> Calibration:
    """Empty board and free play, fitted."""
    rest = fit_rest(board.empty())
    play, response = fit_play(board.played(), rest)
    return Calibration("2026-01-01T20:00:00Z", "test", "one ball", RATE_HZ, IDENTITIES, rest, play, response)


@pytest.fixture(scope="session")
def calibration() -> Calibration:
    """The calibration of board 0."""
    return calibrated(Board())


@pytest.fixture(scope="session")
def calibrate_board() -> Callable[[Board], Calibration]:
    """Fits any board."""
    return calibrated


@pytest.fixture(scope="session")
def make_board() -> type[Board]:
    """The board of these tests."""
    return Board
