"""The one error family: every message says what was wanted, what came, and what to do.

This module is a leaf. Every package may import it; it imports nothing.
"""

from __future__ import annotations


class LodestoneError(Exception):
    """A wrong input or a missing part, told in one line.

    Args:
        wanted: what was expected ("a RAVE model exported by TorchScript").
        got: what came instead ("the file ends after 312 bytes").
        do: the remedy, as an instruction ("download it again").

    Example:
        >>> print(LodestoneError("a voice", "a picture", "choose another file"))
        wanted a voice, got a picture: choose another file
    """

    def __init__(self, wanted: str, got: str, do: str) -> None:
        self.wanted, self.got, self.do = wanted, got, do
        super().__init__(f"wanted {wanted}, got {got}: {do}")
