"""A command of training ends in one line on stderr for an error of ours, and for what the system refuses."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from errors import LodestoneError
from files import file_error


def one_line(main: Callable[[], None]) -> Callable[[], None]:
    """Makes a script end in one line on stderr and exit 1 for what a person can mend."""

    @functools.wraps(main)
    def guarded() -> None:
        try:
            main()
        except LodestoneError as error:
            sys.exit(f"training: {error}")
        except OSError as error:
            sys.exit(f"training: {file_error(error.filename or 'a file', error)}")

    return guarded
