"""Buses, chips, magnets, gestures and recordings: everything that yields field frames."""

from sensors.errors import SensorError
from sensors.frame import Flag, Frame, FrameSource
from sensors.settings import SensorSettings, default_sensors, sensor_array
from sensors.sources import open_source

__all__ = [
    "Flag",
    "Frame",
    "FrameSource",
    "SensorError",
    "SensorSettings",
    "default_sensors",
    "open_source",
    "sensor_array",
]
