"""A command of training ends in one line on stderr for an error of ours, and for a full disk."""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Callable

from errors import LodestoneError


def one_line(main: Callable[[], None]) -> Callable[[], None]:
    """Makes a script end in one line on stderr and exit 1 for what a person can mend."""

    @functools.wraps(main)
    def guarded() -> None:
        try:
            main()
        except LodestoneError as error:
            sys.exit(f"training: {error}")
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            sys.exit(
                "training: wanted room on the disk, got none: make room and start again; nothing is lost"
            )

    return guarded
