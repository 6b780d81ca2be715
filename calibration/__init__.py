"""Calibration: capture, fit, report, file, and the calibrated-touch stage of the touch graph."""

from calibration.errors import CalibrationError
from calibration.file import checksum, load, redo, save, undo
from calibration.model import Calibration, SensorIdentity
from calibration.stretch import Recording, collect

__all__ = [
    "Calibration",
    "CalibrationError",
    "Recording",
    "SensorIdentity",
    "checksum",
    "collect",
    "load",
    "redo",
    "save",
    "undo",
]
