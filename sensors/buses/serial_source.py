"""Frames from a microcontroller on a serial port: the published instrument's ESP32 variant."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, Protocol

import numpy as np

import firmware
from sensors.array_source import Clock
from sensors.buses.serial_line import (
    MAX_LINE,
    SerialFrame,
    SerialHeader,
    SerialTemperature,
    parse_line,
)
from sensors.errors import SensorError
from sensors.frame import SENSORS, Flag, Frame
from sensors.machine_clock import MonotonicClock

FIRST_LINE_US = 3_000_000
RETRY_US = 500_000
SILENCE_S = 0.05


class Port(Protocol):
    """What is used of `serial.Serial`: reads return what came within the timeout."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes. Raises OSError when the device is gone."""
        ...

    def close(self) -> None:
        """Closes the port."""
        ...


def open_port(place: str, baud: int) -> Port:
    """A serial port. Raises SensorError with the reason and the remedy."""
    import serial

    try:
        port: Port = serial.Serial(place, baud, timeout=SILENCE_S)
    except serial.SerialException as error:
        denied = getattr(error, "errno", None) == errno.EACCES
        do = "join the group dialout (then log in again)" if denied else "plug it in, or name another"
        raise SensorError(f"the serial port {place}", str(error), do) from None
    return port


class SerialSource:
    """A `FrameSource`; reconnects by itself, and says so in the flags until then.

    While nothing comes, frames marked LOST are given about 20 times a second, their weight fading as always.

    Args:
        spec: how this source was asked for.
        connect: opens the port; called again after it was lost.
    """

    def __init__(self, spec: str, connect: Callable[[], Port], clock: Clock | None = None) -> None:
        self._spec, self._connect = spec, connect
        self._clock: Clock = clock or MonotonicClock()
        self._port: Port | None = None
        self._pending = b""
        self._weights = [firmware.SensorWeight() for _ in range(SENSORS)]
        self._temperature = np.full(SENSORS, 25.0, dtype=np.float32)
        self._field = np.zeros((SENSORS, 3), dtype=np.float32)
        self._counts = np.zeros((SENSORS, 3), dtype=np.int32)
        self._sequence = 0
        self._retry_us = 0
        self.header: SerialHeader | None = None
        self.bad_lines = 0
        self.lost_frames = 0
        self.reconnections = 0

    @property
    def info(self) -> dict[str, Any]:
        """Spec, and what the microcontroller says of itself."""
        header = self.header
        if header is None:
            return {"spec": self._spec}
        return {
            "spec": self._spec,
            "rate_hz": header.rate_hz,
            "sensors": [sensor.info() for sensor in header.sensors()],
            "identity": list(header.tref),
            "full_scale_mt": [header.full_scale_mt()] * SENSORS,
        }

    def __enter__(self) -> SerialSource:
        self._port = self._connect()
        begun = self._clock.now_us()
        received = 0
        while self.header is None:
            received += len(self._receive())
            for _ in self._lines():
                pass
            if self._clock.now_us() - begun > FIRST_LINE_US:
                got = f"{received} bytes and {self.bad_lines} damaged lines in 3 s"
                raise SensorError(
                    f"a header line from {self._spec}", got, "check the baud rate and the sketch"
                )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disconnect()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            if self._port is None:
                self._reconnect()
            silent = not self._receive()
            for line in self._lines():
                yield self._take(line)
            if silent:
                yield self._silence()

    def _receive(self) -> bytes:
        """What came within the time-out; b"" also while the port is lost."""
        if self._port is None:
            self._clock.sleep_until_us(self._clock.now_us() + round(SILENCE_S * 1e6))
            return b""
        try:
            data = self._port.read(MAX_LINE)
        except OSError:  # serial.SerialException is one
            self._disconnect()
            return b""
        self._pending += data
        return data

    def _lines(self) -> Iterator[SerialFrame]:
        *whole, self._pending = self._pending.split(b"\n")
        if len(self._pending) > MAX_LINE:  # garbage without line ends
            self._pending = b""
            self.bad_lines += 1
        for raw in whole:
            line = parse_line(raw.rstrip(b"\r"))
            if isinstance(line, SerialHeader):
                self.header = line
            elif isinstance(line, SerialTemperature):
                self._temperature = line.temperature_c
            elif isinstance(line, SerialFrame) and self.header is not None:
                yield line
            elif line is None:
                self.bad_lines += 1

    def _take(self, line: SerialFrame) -> Frame:
        assert self.header is not None
        if self._sequence:
            self.lost_frames += max(0, min(line.sequence - self._sequence - 1, 1000))
        self._sequence = line.sequence
        good = (line.flags & Flag.LOST) == 0
        self._counts[good] = line.counts[good]
        self._field[good] = (line.counts * self.header.count_mt())[good]
        return self._frame(line.time_us * 1e-6, good.tolist(), line.flags)

    def _silence(self) -> Frame:
        lost = np.full(SENSORS, Flag.LOST, dtype=np.uint32)
        return self._frame(self._clock.now_us() * 1e-6, [False] * SENSORS, lost)

    def _frame(self, time_s: float, good: list[bool], flags: np.ndarray[Any, np.dtype[np.uint32]]) -> Frame:
        now = self._clock.now_us()
        weights = [weight.update(ok, now) for weight, ok in zip(self._weights, good, strict=True)]
        return Frame(
            time_s=time_s,
            sequence=self._sequence,
            field_mt=self._field.copy(),
            counts=self._counts.copy(),
            temperature_c=self._temperature.copy(),
            valid=np.array(weights, dtype=np.float32),
            flags=flags,
        )

    def _reconnect(self) -> None:
        now = self._clock.now_us()
        if now < self._retry_us:
            return
        self._retry_us = now + RETRY_US
        try:
            self._port = self._connect()
        except SensorError:
            return
        self.reconnections += 1
        self._pending = b""

    def _disconnect(self) -> None:
        if self._port is not None:
            self._port.close()
        self._port = None
