"""The error of this package."""

from __future__ import annotations

from errors import LodestoneError


class CalibrationError(LodestoneError):
    """A recording, a calibration file or a board that calibration cannot work with."""
