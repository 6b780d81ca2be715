"""The firmware's C++ from Python: the same engine, drivers and OSC codec that run on the board."""

from firmware._firmware import (
    BusNak,
    BusStuck,
    BusTimeout,
    FieldFrame,
    Mlx90393Settings,
    SensorArray,
    SensorChip,
    SensorSettings,
)

__all__ = [
    "BusNak",
    "BusStuck",
    "BusTimeout",
    "FieldFrame",
    "Mlx90393Settings",
    "SensorArray",
    "SensorChip",
    "SensorSettings",
]
