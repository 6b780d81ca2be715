"""One reading of the four attractors, and whatever yields them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

SENSORS = 4
AXES = 3
MOST_MT = 1000.0
"""Several times the widest full scale of any chip here: a larger reading is none."""
MOST_C = 2000.0
"""Twice what the bits of any thermometer here can say, broken ones too."""


def are_readings(field_mt: object) -> bool:
    """Whether all values, in mT, are numbers that a sensor may read.

    Example:
        >>> are_readings([0.1, -2.0, 23.0]), are_readings([float("nan"), 0.0, 0.0])
        (True, False)
    """
    return bool((np.abs(np.asarray(field_mt, np.float64)) <= MOST_MT).all())


def is_temperature(celsius: float) -> bool:
    """Whether a chip's thermometer can say so many °C.

    Example:
        >>> is_temperature(24.5), is_temperature(float("nan")), is_temperature(1e300)
        (True, False, False)
    """
    return -MOST_C <= celsius <= MOST_C


class Flag(IntFlag):
    """The bits of `Frame.flags`, as in firmware/chips/field_frame.h."""

    LOST = 1 << 0
    SATURATED = 1 << 1
    RESET = 1 << 2
    FROZEN = 1 << 3
    WRONG = 1 << 4
    WRAPPED = 1 << 5
    SATURATED_X = 1 << 8
    SATURATED_Y = 1 << 9
    SATURATED_Z = 1 << 10
    UNKNOWN = 1 << 30
    """Of our own: whoever sends the readings has not said how the sensor is."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of field data.

    Attributes:
        time_s: middle of the conversions, seconds on the clock of the source.
        sequence: number of the frame; a missing number is a missing frame.
        field_mt: [4, 3] float32, millitesla in the board's axes; the last good value of a lost sensor.
        counts: [4, 3] int32, signed raw counts about zero field in the chip's axes.
        temperature_c: [4] float32, the chips' own thermometers.
        valid: [4] float32, how much each sensor counts: 1 present, fading to 0 when lost.
        flags: [4] uint32, bits of `Flag`.
    """

    time_s: float
    sequence: int
    field_mt: NDArray[np.float32]
    counts: NDArray[np.int32]
    temperature_c: NDArray[np.float32]
    valid: NDArray[np.float32]
    flags: NDArray[np.uint32]

    @classmethod
    def from_firmware(cls, frame: Any) -> Frame:
        """Takes over a `firmware.FieldFrame`."""
        return cls(
            time_s=frame.time_us * 1e-6,
            sequence=frame.sequence,
            field_mt=frame.field_mt,
            counts=frame.counts,
            temperature_c=frame.temperature_c,
            valid=frame.valid,
            flags=frame.flags,
        )


class FrameSource(Protocol):
    """Anything that yields frames: a bench bus, a serial board, a simulation, a recording.

    A source is a context manager and an iterator; a simulation or a recording ends, a bus does not.
    """

    @property
    def info(self) -> dict[str, Any]:
        """What the frames are: spec, rate_hz, chip settings, identities (TREF), full scale; JSON-ready."""
        ...

    def __enter__(self) -> FrameSource: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...
