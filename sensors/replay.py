"""Recordings as a source of frames, and as a world for the simulated board."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.array_source import Clock
from sensors.errors import SensorError
from sensors.frame import Frame
from sensors.machine_clock import MonotonicClock
from sensors.recording import Recording, read_recording

STRAIGHT = (1, 2, 3)


class ReplaySource:
    """A `FrameSource` that gives a recording again, frame by frame as it was.

    Args:
        speed: 1 for the original pace, 2 for twice as fast; 0 for as fast as it is read.
        clock: paces it.
    """

    def __init__(self, path: str | Path, *, speed: float = 0.0, clock: Clock | None = None) -> None:
        self.recording: Recording = read_recording(path)
        self._speed = speed
        self._clock: Clock = clock or MonotonicClock()
        self._path = str(path)

    @property
    def info(self) -> dict[str, Any]:
        """That of the source that was recorded, and `replay`: file, hash, damage."""
        replay = {"file": self._path, "sha256": self.recording.sha256, "damage": self.recording.damage}
        return {**self.recording.info, "replay": replay}

    def __enter__(self) -> ReplaySource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        begun_us = self._clock.now_us()
        first_s: float | None = None
        for frame in self.recording.frames():
            first_s = frame.time_s if first_s is None else first_s
            if self._speed > 0.0:
                self._clock.sleep_until_us(begun_us + round((frame.time_s - first_s) / self._speed * 1e6))
            yield frame


class RecordedWorld:
    """A recording as the field around the chips of a simulated board: old play moves the firmware.

    The field is what the sensors read then, noise included; between frames it is interpolated.
    """

    def __init__(self, path: str | Path, mounts: Sequence[tuple[int, int, int]] = (STRAIGHT,) * 4) -> None:
        records = read_recording(path).records
        if len(records) < 2:
            raise SensorError(f"a recording with frames in {path}", f"{len(records)}", "record longer")
        times = records["time_s"] - records["time_s"][0]
        self._hold(Path(path).stem, times, records["field_mt"], records["temperature_c"], mounts)

    @classmethod
    def of(
        cls,
        times_s: NDArray[np.float64],
        field_mt: NDArray[np.float64],
        temperature_c: NDArray[np.float64],
        name: str,
        mounts: Sequence[tuple[int, int, int]] = (STRAIGHT,) * 4,
    ) -> RecordedWorld:
        """A world of samples that were recorded otherwise.

        Args:
            times_s: [N] in order, N of at least 2.
            field_mt: [N, 4, 3] in the board's axes.
            temperature_c: [N, 4].
            name: what it is called.
            mounts: for each sensor which board axis is which chip axis.
        """
        world = cls.__new__(cls)
        world._hold(name, times_s, field_mt, temperature_c, mounts)
        return world

    def _hold(
        self,
        name: str,
        times_s: NDArray[Any],
        field_mt: NDArray[Any],
        temperature_c: NDArray[Any],
        mounts: Sequence[tuple[int, int, int]],
    ) -> None:
        self.name, self.title = name, f"Recording {name}"
        self._times: list[float] = times_s.tolist()
        self.duration_s = self._times[-1]
        board = field_mt.astype(np.float64) * 1000.0
        chip = np.empty_like(board)
        for sensor, mount in enumerate(mounts):
            for axis, source in enumerate(mount):
                chip[:, sensor, abs(source) - 1] = np.sign(source) * board[:, sensor, axis]
        self._chip_ut = np.ascontiguousarray(chip.reshape(-1)).data
        self._degrees: NDArray[np.float64] = temperature_c.astype(np.float64)

    def axis_ut(self, sensor: int, axis: int, time_ns: int) -> float:
        """Flux density in µT along one axis of a chip; before and after the recording its ends stay."""
        at = time_ns * 1e-9
        index = min(max(bisect.bisect_right(self._times, at), 1), len(self._times) - 1)
        before, after = self._times[index - 1], self._times[index]
        part = min(max((at - before) / (after - before), 0.0), 1.0) if after > before else 1.0
        place = index * 12 + sensor * 3 + axis
        low = self._chip_ut[place - 12]
        return float(low + (self._chip_ut[place] - low) * part)

    def temperature_c(self, sensor: int, time_ns: int) -> float:
        """Temperature of the chip in °C."""
        return float(np.interp(time_ns * 1e-9, self._times, self._degrees[:, sensor]))
