"""What may be read as a file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from files.errors import FileError, shown


def plain_file(path: str | Path, most_bytes: int = 4 << 30) -> Path:
    """`path`, to be read: reading a pipe or a device might never end, and a huge file fills the memory.

    What is not there, and a folder, is left to whoever opens it.

    Raises:
        FileError: neither a plain file nor a folder, or larger than `most_bytes`.

    Example:
        >>> plain_file("/dev/zero")
        Traceback (most recent call last):
        ...
        files.errors.FileError: wanted a plain file at /dev/zero, got a device: save what it gives as a file
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: a path with a NUL in it
        return Path(path)
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        kind = "a pipe" if stat.S_ISFIFO(found.st_mode) else "a device"
        raise FileError(f"a plain file at {shown(path)}", kind, "save what it gives as a file")
    if found.st_size > most_bytes:
        wanted = f"at most {most_bytes >> 20} MB in {shown(path)}"
        raise FileError(wanted, f"{found.st_size >> 20} MB", "give the file that was meant")
    return Path(path)
