"""The error of this package."""

from __future__ import annotations

from errors import LodestoneError


class PageError(LodestoneError):
    """The page cannot be made or served."""
