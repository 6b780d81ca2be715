"""A stretch of field frames as arrays, taken from anything that yields frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from calibration.errors import CalibrationError
from calibration.model import AXES, SENSORS, Array

# Bits of a frame's flags, as in firmware/chips/field_frame.h.
LOST, SATURATED, RESET, FROZEN, WRONG, WRAPPED = (1 << bit for bit in range(6))
SATURATED_AXES = (1 << 8, 1 << 9, 1 << 10)


class FrameLike(Protocol):
    """What calibration reads of a frame: the attributes of `sensors.Frame`."""

    @property
    def time_s(self) -> float:
        """Since the source began, s."""

    @property
    def field_mt(self) -> npt.NDArray[np.float32]:
        """[4, 3] in the board's axes."""

    @property
    def temperature_c(self) -> npt.NDArray[np.float32]:
        """[4] of the chips."""

    @property
    def valid(self) -> npt.NDArray[np.float32]:
        """[4] how much each sensor counts, 0..1."""

    @property
    def flags(self) -> npt.NDArray[np.uint32]:
        """[4] bits of `firmware.SENSOR_*`."""


@dataclass(frozen=True)
class Recording:
    """time_s [N], field_mt [N, 4, 3], temperature_c [N, 4], valid [N, 4], flags [N, 4]."""

    time_s: Array
    field_mt: Array
    temperature_c: Array
    valid: Array
    flags: npt.NDArray[np.uint32]

    @property
    def frames(self) -> int:
        """N."""
        return len(self.time_s)

    @property
    def seconds(self) -> float:
        """From the first frame to the last."""
        return float(self.time_s[-1] - self.time_s[0]) if self.frames > 1 else 0.0

    @property
    def rate_hz(self) -> float:
        """Frames per second by the median step; 0 when there are too few frames."""
        steps = np.diff(self.time_s)
        return float(1.0 / np.median(steps)) if len(steps) and np.median(steps) > 0 else 0.0

    @property
    def longest_gap(self) -> float:
        """Longest step, in frames."""
        steps = np.diff(self.time_s)
        return float(steps.max() * self.rate_hz) if len(steps) else 0.0

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        """[N, 4]: frames in which the chip answered with a reading that can be believed."""
        return np.asarray(self.flags & (LOST | FROZEN | WRONG | WRAPPED) == 0)

    @property
    def good(self) -> npt.NDArray[np.bool_]:
        """[N, 4]: frames in which it answered and has its full weight: not just back, not fading."""
        return np.asarray((self.valid > 0.99) & self.answered)

    def since(self, seconds: float) -> Recording:
        """Without the first `seconds`."""
        rows = self.time_s - self.time_s[0] >= seconds
        return self.only(rows)

    def only(self, rows: npt.NDArray[np.bool_]) -> Recording:
        """These frames."""
        return Recording(
            self.time_s[rows],
            self.field_mt[rows],
            self.temperature_c[rows],
            self.valid[rows],
            self.flags[rows],
        )

    def usable(self, sensor: int) -> Array:
        """The trusted frames of one sensor, [n, 3] mT."""
        return np.asarray(self.field_mt[self.good[:, sensor], sensor])


def collect(
    frames: Iterable[FrameLike], seconds: float, watch: Callable[[FrameLike], None] | None = None
) -> Recording:
    """Takes frames until `seconds` have passed by their own time stamps.

    Raises:
        CalibrationError: no frame came, a field is not a number, or time runs backwards.
    """
    taken: list[FrameLike] = []
    for frame in frames:
        if watch is not None:
            watch(frame)
        taken.append(frame)
        if frame.time_s - taken[0].time_s >= seconds:
            break
    if not taken:
        raise CalibrationError("frames from the board", "none", "check the cable and the bus with --bus")
    return check_recording(
        Recording(
            time_s=np.array([frame.time_s for frame in taken], dtype=np.float64),
            field_mt=np.array([frame.field_mt for frame in taken], dtype=np.float64),
            temperature_c=np.array([frame.temperature_c for frame in taken], dtype=np.float64),
            valid=np.array([frame.valid for frame in taken], dtype=np.float64),
            flags=np.array([frame.flags for frame in taken], dtype=np.uint32),
        )
    )


def check_recording(recording: Recording) -> Recording:
    """The same recording, when it can be used at all.

    Raises:
        CalibrationError: wrong shapes, a field that is not a number, or time that does not run forwards.
    """
    count = recording.frames
    if recording.field_mt.shape != (count, SENSORS, AXES):
        got = f"an array of {recording.field_mt.shape}"
        raise CalibrationError(f"{SENSORS} sensors of {AXES} axes per frame", got, "check the recording")
    if not np.isfinite(recording.field_mt).all() or not np.isfinite(recording.temperature_c).all():
        fine = np.isfinite(recording.field_mt).all(axis=(1, 2)) & np.isfinite(recording.temperature_c).all(
            axis=1
        )
        got = f"a value that is not a number at {recording.time_s[np.argmin(fine)]:.2f} s"
        raise CalibrationError("field frames of finite numbers", got, "record again")
    if (np.diff(recording.time_s) <= 0).any():
        raise CalibrationError("frames in the order of time", "time that stands or runs back", "record again")
    return recording
