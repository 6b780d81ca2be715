"""Errors of the voices' own scripts."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from errors import LodestoneError


class VoiceError(LodestoneError):
    """A voice, a recording or a setting that cannot be used."""


def one_line(main: Callable[[], None]) -> Callable[[], None]:
    """Makes a script end in one line on stderr and exit 1 for an error of ours."""

    @functools.wraps(main)
    def guarded() -> None:
        try:
            main()
        except LodestoneError as error:
            sys.exit(f"voices: {error}")

    return guarded
