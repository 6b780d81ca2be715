"""The error of this package."""

from __future__ import annotations

from graphs.errors import GraphError


class ExportError(GraphError):
    """A model file that cannot become a voice: one line that says what was wanted, what came, what to do."""
