"""The field at every sensor at every time: computed once for a whole gesture, then looked up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geometry import BoardGeometry
from sensors.errors import SensorError
from sensors.simulation.gesture import Gesture, MagnetObject
from sensors.simulation.magnets import THERMAL_PER_K, ball_field_ut, ring_field_ut, stack_field_ut
from sensors.simulation.motion import Array

GRID_S = 0.002
MAINS_DIRECTION = (0.8, 0.5, 0.33)
STRAIGHT = (1, 2, 3)


@dataclass(frozen=True)
class Environment:
    """What the room adds to the magnets.

    Attributes:
        ambient_ut: uniform field in the board's axes, µT; the default is the earth's in Europe.
        mains_hz, mains_ut: a hum of that peak, 0 for none.
        temperature_c: at the start; warm_k: how much warmer it gets (stage light), within warm_seconds (1/e).
        vibration_um, vibration_hz: the sensors shake against their stacks along x and z.
    """

    ambient_ut: tuple[float, float, float] = (18.0, 5.0, -44.0)
    mains_hz: float = 0.0
    mains_ut: float = 0.0
    temperature_c: float = 25.0
    warm_k: float = 0.0
    warm_seconds: float = 120.0
    vibration_um: float = 0.0
    vibration_hz: float = 17.0

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Environment:
        """From the keys of a gesture's [environment]. Raises SensorError where a value is none."""
        values: dict[str, Any] = {}
        for entry in fields(cls):
            if entry.name not in settings:
                continue
            value = settings[entry.name]
            wanted = 3 if entry.name == "ambient_ut" else 1
            numbers = value if isinstance(value, list | tuple) else [value]
            if len(numbers) != wanted or not all(
                isinstance(x, int | float) and abs(x) < 1e6 for x in numbers
            ):
                raise SensorError(f"{wanted} number(s) for {entry.name}", repr(value), "see docs/gestures.md")
            if entry.name == "warm_seconds" and not numbers[0] > 0:
                raise SensorError("warm_seconds above 0", repr(value), "see docs/gestures.md")
            values[entry.name] = tuple(float(x) for x in numbers) if wanted == 3 else float(numbers[0])
        return cls(**values)


class World:
    """Field and temperature at the four chips (`sensors.chips.simulated_chip.Surroundings`).

    Args:
        gesture: what moves.
        geometry: where everything sits.
        environment: what the room adds.
        mounts: for each sensor which board axis is which chip axis (as in `firmware.SensorSettings.axes`).
    """

    def __init__(
        self,
        gesture: Gesture,
        geometry: BoardGeometry | None = None,
        environment: Environment | None = None,
        mounts: Sequence[tuple[int, int, int]] = (STRAIGHT,) * 4,
    ) -> None:
        self.gesture = gesture
        self.name, self.title, self.duration_s = gesture.name, gesture.title, gesture.duration_s
        self.geometry = geometry or BoardGeometry()
        self.environment = environment or Environment.from_settings(gesture.environment)
        self.times_s = np.arange(0.0, gesture.duration_s + GRID_S, GRID_S)
        self.board_ut = self._total_ut()
        self._chip_ut = np.ascontiguousarray(_mounted(self.board_ut, mounts).reshape(-1))
        self._table = self._chip_ut.data
        self._last = len(self.times_s) - 1
        self._mains = self._mains_peaks(mounts)
        self._mains_w = 2.0 * math.pi * self.environment.mains_hz * 1e-9

    def axis_ut(self, sensor: int, axis: int, time_ns: int) -> float:
        """Flux density in µT along one axis of a chip; after the gesture its last field stays."""
        place = time_ns * (1e-9 / GRID_S)
        index = int(place)
        part = place - index
        if index >= self._last:
            index, part = self._last - 1, 1.0
        at = index * 12 + sensor * 3 + axis
        low = self._table[at]
        value = low + (self._table[at + 12] - low) * part
        if self._mains_w:
            value += self._mains[sensor][axis] * math.sin(self._mains_w * time_ns)
        return value

    def temperature_c(self, sensor: int, time_ns: int) -> float:
        """Temperature of board, stacks and chips in °C."""
        return float(self._temperature(np.array(time_ns * 1e-9)))

    def field_mt(self, time_s: Array) -> Array:
        """[N, 4, 3] mT in the board's axes at the given times, as a perfect sensor reads it (no mains)."""
        flat = self.board_ut.reshape(len(self.times_s), 12)
        columns = [np.interp(time_s, self.times_s, flat[:, k]) for k in range(12)]
        return np.stack(columns, axis=-1).reshape(-1, 4, 3) * 1e-3

    def _temperature(self, time_s: Array) -> Array:
        room = self.environment
        return room.temperature_c + room.warm_k * (1.0 - np.exp(-time_s / room.warm_seconds))

    def _total_ut(self) -> Array:
        sensors = self.geometry.sensors_mm()
        room = self.environment
        static = stack_field_ut(self.geometry, sensors)
        thermal = 1.0 + THERMAL_PER_K * (self._temperature(self.times_s) - 25.0)
        total = thermal[:, None, None] * static[None] + np.asarray(room.ambient_ut)
        if room.vibration_um:
            step = 0.1
            slope = sum(
                (
                    stack_field_ut(self.geometry, sensors + shift)
                    - stack_field_ut(self.geometry, sensors - shift)
                )
                / (2.0 * step)
                for shift in (np.array([step, 0.0, 0.0]), np.array([0.0, 0.0, step]))
            )
            shake = room.vibration_um * 1e-3 * np.sin(2.0 * math.pi * room.vibration_hz * self.times_s)
            total = total + shake[:, None, None] * np.asarray(slope)[None]
        paths = self.gesture.paths_mm(self.times_s)
        for thing in self.gesture.objects:
            total = total + self._object_ut(thing, paths[thing.name], sensors)
        return np.asarray(total)

    def _object_ut(self, thing: MagnetObject, path: Array, sensors: Array) -> Array:
        """[N, 4, 3] µT of one object. Rests cost nothing: each distinct place is computed once."""
        moved = np.any(np.diff(path, axis=0) != 0.0, axis=1)
        label = np.concatenate([[0], np.cumsum(moved)])
        first = np.concatenate([[0], np.flatnonzero(moved) + 1])
        places = path[first]
        poles = self._poles(thing, places)
        if thing.kind == "ball":
            field = ball_field_ut(thing.size_mm[0], thing.remanence_t, places, poles, sensors)
        else:
            field = ring_field_ut(thing.size_mm, thing.remanence_t, places, poles, sensors)
        return np.asarray(field[label])

    def _poles(self, thing: MagnetObject, places: Array) -> Array:
        if thing.pole == "field":
            field = stack_field_ut(self.geometry, places)
            return np.asarray(field / np.maximum(np.linalg.norm(field, axis=1, keepdims=True), 1e-9))
        if thing.pole == "rolling":
            return _rolling(places, thing.size_mm[0] / 2)
        fixed = {"up": (0.0, 0.0, 1.0), "down": (0.0, 0.0, -1.0)}
        pole = fixed[thing.pole] if isinstance(thing.pole, str) else thing.pole
        return np.broadcast_to(np.asarray(pole), places.shape)

    def _mains_peaks(self, mounts: Sequence[tuple[int, int, int]]) -> list[list[float]]:
        direction = np.asarray(MAINS_DIRECTION) / np.linalg.norm(MAINS_DIRECTION)
        peaks = np.broadcast_to(direction * self.environment.mains_ut, (1, 4, 3))
        rows: list[list[float]] = _mounted(peaks, mounts)[0].tolist()
        return rows


def _mounted(board: NDArray[np.float64], mounts: Sequence[tuple[int, int, int]]) -> Array:
    """From the board's axes to each chip's own: board axis i is chip axis |mount[i]| - 1, with its sign."""
    chip = np.empty(board.shape)
    for sensor, mount in enumerate(mounts):
        for axis, source in enumerate(mount):
            chip[:, sensor, abs(source) - 1] = math.copysign(1.0, source) * board[:, sensor, axis]
    return chip


def _rolling(places: Array, radius_mm: float) -> Array:
    """The pole of a ball that rolls without slipping, beginning upward: Rodrigues' rotation step by step."""
    poles = np.empty(places.shape)
    pole = np.array([0.0, 0.0, 1.0])
    poles[0] = pole
    steps = np.diff(places[:, :2], axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1])
    for index, (step, length) in enumerate(zip(steps, lengths, strict=True)):
        if length > 0.0:
            axis = np.array([-step[1], step[0], 0.0]) / length
            angle = length / radius_mm
            pole = (
                pole * math.cos(angle)
                + np.cross(axis, pole) * math.sin(angle)
                + axis * float(axis @ pole) * (1.0 - math.cos(angle))
            )
        poles[index + 1] = pole
    return poles
