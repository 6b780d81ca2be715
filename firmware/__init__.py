"""The firmware's C++ from Python: the same engine, drivers and OSC codec that run on the board."""

from firmware._firmware import (
    BusNak,
    BusStuck,
    BusTimeout,
    Engine,
    FieldFrame,
    FrameClock,
    PageInstrument,
    SensorArray,
    SensorSettings,
    SensorWeight,
    check_sensors,
    kept_histories,
    read_board_conf,
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
    "PageInstrument",
    "SensorArray",
    "SensorSettings",
    "SensorWeight",
    "check_sensors",
    "kept_histories",
    "read_board_conf",
]
