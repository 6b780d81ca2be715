"""The error of this package."""

from __future__ import annotations

from lodestone.errors import LodestoneError


class MappingError(LodestoneError):
    """A mapping that does not exist, or a voice that says too little about its latents."""
