"""The error family of model_export."""

from __future__ import annotations

from lodestone.errors import LodestoneError

LONGEST = 300  # characters of a damaged file's own text that a message repeats


class ExportError(LodestoneError):
    """A model file that cannot become a voice: one line that says what was wanted, what came, what to do."""

    def __init__(self, wanted: str, got: str, do: str) -> None:
        super().__init__(*(" ".join(text.split())[:LONGEST] for text in (wanted, got, do)))
