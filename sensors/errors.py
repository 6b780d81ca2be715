"""The error of this package."""

from __future__ import annotations

from errors import LodestoneError


class SensorError(LodestoneError):
    """A bus, a chip, a gesture or a recording that is not what was wanted."""
