"""Frames from the firmware's own sensor array over any Python bus."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol

from sensors.frame import AXES, SENSORS, Frame
from sensors.settings import SensorSettings, sensor_array


class Bus(Protocol):
    """What a driver needs of a Python bus. Raises firmware.BusNak, BusTimeout or BusStuck."""

    def transfer(self, address: int, write: bytes, read_bytes: int) -> bytes:
        """Writes, then reads after a repeated start."""
        ...

    def recover(self) -> bool:
        """Frees a stuck bus; True when it is free."""
        ...


class Clock(Protocol):
    """What a driver needs of a Python clock."""

    def now_us(self) -> int:
        """Microseconds since an arbitrary start."""
        ...

    def sleep_until_us(self, time_us: int) -> None:
        """Returns no earlier than `time_us`."""
        ...


class ArraySource:
    """A `FrameSource` that ticks a sensor array at a steady rate.

    Frames before all chips that answer are up (the first 50 ms) are left out.

    Args:
        spec: how this source was asked for; goes into `info`.
        until_us: where the frames end, on the clock; None for never.
    """

    def __init__(
        self,
        spec: str,
        bus: Bus,
        clock: Clock,
        sensors: Sequence[SensorSettings],
        *,
        rate_hz: float = 200.0,
        until_us: int | None = None,
    ) -> None:
        self.bus, self.clock = bus, clock
        self.sensors = tuple(sensors)
        self.array = sensor_array(bus, clock, sensors, frame_rate_hz=rate_hz)
        self._spec, self._rate_hz, self._until_us = spec, rate_hz, until_us

    @property
    def info(self) -> dict[str, Any]:
        """Spec, rate, settings, identities, full scale."""
        full_scale = [[self.array.full_scale_mt(s, a) for a in range(AXES)] for s in range(SENSORS)]
        return {
            "spec": self._spec,
            "rate_hz": self._rate_hz,
            "sensors": [sensor.info() for sensor in self.sensors],
            "identity": [self.array.health(s).identity for s in range(SENSORS)],
            "full_scale_mt": full_scale,
        }

    def __enter__(self) -> ArraySource:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        close = getattr(self.bus, "close", None)
        if close is not None:
            close()

    def start(self) -> None:
        """Brings the chips up: at most 50 ms, less where all are there."""
        begun = self.clock.now_us()
        while self.clock.now_us() < begun + 50_000:
            self._tick()
            if all(self.array.health(sensor).running for sensor in range(SENSORS)):
                break

    def __iter__(self) -> Iterator[Frame]:
        while self._until_us is None or self.clock.now_us() < self._until_us:
            yield self._tick()

    def _tick(self) -> Frame:
        begun = self.clock.now_us()
        frame = Frame.from_firmware(self.array.tick())
        self.clock.sleep_until_us(begun + round(1e6 / self._rate_hz))
        return frame
