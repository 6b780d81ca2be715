"""What went wrong with a file, as the player reads it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from errors import LodestoneError


class FileError(LodestoneError):
    """A file could not be written, read or replaced."""


def file_error(path: str | Path, error: OSError, deed: str = "write") -> FileError:
    """`error` of the system, met while doing `deed` ("write", "read") with `path`, as one of ours."""
    remedies = {
        errno.ENOSPC: "make room on that disk; what was there before is unchanged",
        errno.EDQUOT: "make room on that disk; what was there before is unchanged",
        errno.EROFS: "that disk takes no files: name another place",
        errno.EACCES: "name another place, or change its permissions",
        errno.EPERM: "name another place, or change its permissions",
        errno.ENOENT: "check the path",
        errno.EISDIR: "that is a folder: name a file",
        errno.ENOTDIR: "a part of the path is a file: name another place",
        errno.ENAMETOOLONG: "take a shorter name",
    }
    remedy = remedies.get(error.errno or 0, "check the disk and the path, then try again")
    return FileError(
        f"to {deed} {shown(path)}", error.strerror or str(error) or "an error of the system", remedy
    )


@contextlib.contextmanager
def told(path: str | Path) -> Iterator[None]:
    """Turns an error of the system that concerns the file being written into ours."""
    try:
        yield
    except OSError as error:
        folder = os.fspath(Path(path).parent)
        concerned = error.filename is None or os.fsdecode(error.filename).startswith(folder) or folder == "."
        if not concerned:
            raise
        raise file_error(path, error) from None


def shown(path: str | Path) -> str:
    """A path as it can be printed, whatever its bytes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
