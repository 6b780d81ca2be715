"""The error of this package."""

from __future__ import annotations

from errors import LodestoneError


class MappingError(LodestoneError):
    """A mapping that does not exist, or a voice that says too little about its latents."""
