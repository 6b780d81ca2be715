"""A world that stands still, and four chips in it."""

from __future__ import annotations

from typing import Any

from sensors.chips.mlx90393_model import Mlx90393Model
from sensors.simulation.bus import SimulatedBus, VirtualClock


class StillWorld:
    """The same field at every sensor, settable."""

    def __init__(
        self, field_ut: tuple[float, float, float] = (0.0, 0.0, 0.0), temperature_c: float = 25.0
    ) -> None:
        self.field_ut = field_ut
        self.degrees = temperature_c

    def axis_ut(self, sensor: int, axis: int, time_ns: int) -> float:
        return self.field_ut[axis]

    def temperature_c(self, sensor: int, time_ns: int) -> float:
        return self.degrees


def still_board(
    field_ut: tuple[float, float, float], *, noise_ut: float = 0.0, **bus: Any
) -> tuple[StillWorld, list[Mlx90393Model], SimulatedBus]:
    """World, chips at 0x0C to 0x0F, bus."""
    world = StillWorld(field_ut)
    chips = [Mlx90393Model(world, k, 0x0C + k, seed=7, noise_ut=noise_ut) for k in range(4)]
    return world, chips, SimulatedBus(chips, VirtualClock(), **bus)
