"""The firmware's C++ from Python: the same engine, drivers and OSC codec that run on the board."""

from firmware._firmware import (
    BusNak,
    BusStuck,
    BusTimeout,
    Engine,
    FieldFrame,
    FrameClock,
    Mlx90393Settings,
    SensorArray,
    SensorChip,
    SensorSettings,
    SensorWeight,
    Tmag5273Settings,
)
from firmware.errors import EngineError

__all__ = [
    "BusNak",
    "BusStuck",
    "BusTimeout",
    "Engine",
    "EngineError",
    "FieldFrame",
    "FrameClock",
    "Mlx90393Settings",
    "SensorArray",
    "SensorChip",
    "SensorSettings",
    "SensorWeight",
    "Tmag5273Settings",
]
