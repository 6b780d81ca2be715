"""The errors of this package, and the reading of plan files for the binding."""

from __future__ import annotations

from pathlib import Path

from errors import LodestoneError
from files import plain_file

_MOST_BYTES = 256 << 20
"""Of a plan: the board reads no larger one."""


class EngineError(LodestoneError):
    """A plan that does not load, or an input that does not fit it."""


def read_plan(path: Path) -> bytes:
    """The bytes of a plan file. Raises EngineError when there is none."""
    try:
        return plain_file(path, _MOST_BYTES).read_bytes()
    except OSError as error:
        raise EngineError(
            "a plan file", f"{path}: {error.strerror}", "compile one with 'lodestone compile'"
        ) from None
