"""The errors of this package, and the reading of plan files for the binding."""

from __future__ import annotations

from pathlib import Path

from errors import LodestoneError


class EngineError(LodestoneError):
    """A plan that does not load, or an input that does not fit it."""


def read_plan(path: Path) -> bytes:
    """The bytes of a plan file. Raises EngineError when there is none."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise EngineError(
            "a plan file", f"{path}: {error.strerror}", "compile one with 'lodestone compile'"
        ) from None
