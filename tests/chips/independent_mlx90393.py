"""The PyPI driver adafruit-circuitpython-mlx90393 on our simulated bus, in virtual time, with a limit."""

from __future__ import annotations

import sys
import types
from typing import Any

from sensors.simulation.bus import SimulatedBus

TRANSFER_LIMIT = 5000


class DuckBus:
    """The bus interface of CircuitPython over a `SimulatedBus`."""

    def __init__(self, bus: SimulatedBus) -> None:
        self._bus = bus
        self._left = TRANSFER_LIMIT

    def try_lock(self) -> bool:
        return True

    def unlock(self) -> None:
        pass

    def writeto(
        self, address: int, buffer: Any, *, start: int = 0, end: int | None = None, stop: bool = True
    ) -> None:
        self._count()
        self._bus.transfer(address, bytes(buffer[start:end]), 0)

    def readfrom_into(self, address: int, buffer: Any, *, start: int = 0, end: int | None = None) -> None:
        self._count()
        end = len(buffer) if end is None else end
        buffer[start:end] = self._bus.transfer(address, b"", end - start)

    def writeto_then_readfrom(
        self,
        address: int,
        out_buffer: Any,
        in_buffer: Any,
        *,
        out_start: int = 0,
        out_end: int | None = None,
        in_start: int = 0,
        in_end: int | None = None,
    ) -> None:
        self._count()
        in_end = len(in_buffer) if in_end is None else in_end
        out = bytes(out_buffer[out_start:out_end])
        in_buffer[in_start:in_end] = self._bus.transfer(address, out, in_end - in_start)

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TimeoutError("the independent driver asks for ever")


def independent_driver(bus: SimulatedBus, address: int, gain: int, resolution: int) -> Any:
    """Their driver, its `time` replaced by the virtual clock."""
    import adafruit_mlx90393 as theirs

    module: Any = sys.modules[theirs.__name__]
    module.time = types.SimpleNamespace(
        sleep=lambda s: _sleep(bus, s), monotonic=lambda: bus.clock.now_ns * 1e-9
    )
    driver = theirs.MLX90393(DuckBus(bus), address=address, gain=gain)
    driver.resolution_x = driver.resolution_y = driver.resolution_z = resolution
    driver.oversampling = 1
    driver.filter = 2
    return driver


def _sleep(bus: SimulatedBus, seconds: float) -> None:
    bus.clock.now_ns += round(seconds * 1e9)
