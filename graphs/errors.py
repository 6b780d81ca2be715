"""The error of this package."""

from __future__ import annotations

from errors import LodestoneError

LONGEST = 300  # characters of a damaged file's own text that a message repeats


class GraphError(LodestoneError):
    """A graph or a card that is damaged, or an input that the graph does not have."""

    def __init__(self, wanted: str, got: str, do: str) -> None:
        super().__init__(*(" ".join(text.split())[:LONGEST] for text in (wanted, got, do)))
