"""The error family of model_export."""

from __future__ import annotations

from lodestone.errors import LodestoneError


class ExportError(LodestoneError):
    """A model file that cannot become a voice: one line that says what was wanted, what came, what to do."""
