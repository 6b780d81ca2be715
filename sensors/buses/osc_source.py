"""Frames from a board that sends OSC: /mag and /field for each sensor of each frame."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any

import numpy as np

import firmware
from definitions.osc import named
from sensors.array_source import Clock
from sensors.buses.osc_link import OscLink, UdpLink, osc_messages, port_message
from sensors.frame import SENSORS, Flag, Frame, are_readings, is_temperature
from sensors.machine_clock import MonotonicClock

BOARD_PORT = 7564
HELLO_US = 1_000_000
STATUS_US = 3_000_000
"""A board tells its status once a second: after three without, nothing is known of its sensors."""


class OscSource:
    """A `FrameSource`. Says /hello to the board once a second, so that it answers here, and /bye at the end.

    Args:
        spec: how this source was asked for.
        board: numeric address of the board.
        listen_port: UDP port here; 0 takes any that is free.
    """

    def __init__(
        self,
        spec: str,
        board: str,
        *,
        listen_port: int = 0,
        board_port: int = BOARD_PORT,
        clock: Clock | None = None,
    ) -> None:
        self._spec = spec
        self._clock: Clock = clock or MonotonicClock()
        self._link: OscLink = UdpLink(board, listen_port, board_port)
        self._weights = [firmware.SensorWeight() for _ in range(SENSORS)]
        self._field = np.zeros((SENSORS, 3), dtype=np.float32)
        self._counts = np.zeros((SENSORS, 3), dtype=np.int32)
        self._temperature = np.full(SENSORS, 25.0, dtype=np.float32)
        self._conditions = np.zeros(SENSORS, dtype=np.uint32)
        self._told_us: int | None = None
        self._seen: set[int] = set()
        self._hello_us = 0
        self._sequence = 0
        self.bad_packets = 0

    @property
    def info(self) -> dict[str, Any]:
        """Spec and nominal rate."""
        return {"spec": self._spec, "rate_hz": 200.0}

    def __enter__(self) -> OscSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.send(port_message("/bye", self._link.port))
        self._link.close()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            self._hello()
            data = self._link.receive()
            if data is None:
                yield self._emit(set())
                continue
            for address, values in self._messages(data):
                if address == "/field" and values[0] - 1 in self._seen:
                    yield self._emit(self._seen)  # the next round has begun: a sensor was left out
                    self._seen = set()
                self._store(address, values)
                if len(self._seen) == SENSORS:
                    yield self._emit(self._seen)
                    self._seen = set()

    def _hello(self) -> None:
        now = self._clock.now_us()
        if now < self._hello_us:
            return
        self._hello_us = now + HELLO_US
        self._link.send(port_message("/hello", self._link.port))

    def _messages(self, data: bytes) -> Iterator[tuple[str, list[Any]]]:
        messages = osc_messages(data)
        if messages is None:
            self.bad_packets += 1
            return
        for address, values in messages:
            if address in ("/field", "/mag") and is_reading(address, values):
                yield address, values
            elif address == "/status":
                status = named(address, values)
                if status is not None:
                    self._hear_status(status)

    def _hear_status(self, status: dict[str, Any]) -> None:
        """Once a second: the mean temperature, and the sensors' flags; of a lost one old readings go on."""
        flags, temperature = status["sensor_flags"], status["temperature_c"]
        if all(0 <= flag < 1 << 32 for flag in flags):
            self._conditions = np.array(flags, dtype=np.uint32)
            self._told_us = self._clock.now_us()
        if is_temperature(temperature):
            self._temperature[:] = temperature

    def _store(self, address: str, values: list[Any]) -> None:
        sensor = values[0] - 1
        if address == "/mag":
            self._counts[sensor] = values[1:]
        else:
            self._field[sensor] = values[1:]
            self._seen.add(sensor)

    def _emit(self, seen: set[int]) -> Frame:
        self._sequence += 1
        now = self._clock.now_us()
        if self._told_us is None or now - self._told_us > STATUS_US:
            self._conditions = np.full(SENSORS, Flag.UNKNOWN, dtype=np.uint32)
        lost = [0 if k in seen else Flag.LOST for k in range(SENSORS)]
        there = [k in seen and not self._conditions[k] & Flag.LOST for k in range(SENSORS)]
        weights = [self._weights[k].update(there[k], now) for k in range(SENSORS)]
        return Frame(
            time_s=now * 1e-6,
            sequence=self._sequence,
            field_mt=self._field.copy(),
            counts=self._counts.copy(),
            temperature_c=self._temperature.copy(),
            valid=np.array(weights, dtype=np.float32),
            flags=self._conditions | np.array(lost, dtype=np.uint32),
        )


def is_reading(address: str, values: list[Any]) -> bool:
    """A sensor from 1 and three numbers that it may read: counts of /mag, mT of /field."""
    found = named("/field", values)  # /mag has the same shape, in whole numbers
    if found is None or len(values) != 4 or not 1 <= found["sensor"] <= SENSORS:
        return False
    if address == "/mag":
        return all(isinstance(value, int) and abs(value) < 1 << 31 for value in values[1:])
    return are_readings(values[1:])
