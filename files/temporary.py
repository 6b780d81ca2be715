"""Names of what is in the making, whose locks say that somebody works on it, and its way to the disk."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import sys
import time
from pathlib import Path

from files.errors import FileError, shown

READER_S = 5.0
"""How long somebody is waited for who reads a pipe that is to be written."""
_LONGEST_NAME = 200
"""Bytes of a name that a temporary name takes over; file systems allow 255."""


def target_of(path: Path) -> Path:
    """What a link points at. Raises FileError for a path that no system knows."""
    if "\0" in os.fspath(path):
        raise FileError("a path without NUL bytes", repr(os.fspath(path)[:60]), "correct it")
    real = Path(os.path.realpath(path)) if os.path.islink(path) else path
    # /dev/stdout leads to a pipe, whose name in /proc is none that can be opened.
    return path if os.path.exists(path) and not os.path.exists(real) else real


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".{name}.new-"


def temporary(target: Path) -> str:
    """A name for what is in the making of `target`, that nothing else has."""
    suffix = target.suffix if len(os.fsencode(target.suffix)) < 16 else ""
    return f"{_prefix(target)}{secrets.token_hex(6)}{suffix}"


def make(target: Path, folder: bool) -> tuple[Path, int]:
    """Makes the temporary file or folder; its lock tells others that somebody works on it."""
    while True:
        fresh = target.with_name(temporary(target))
        if folder:
            fresh.mkdir()
            handle = os.open(fresh, os.O_RDONLY)
        else:
            handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if fresh.exists():  # nobody took it for a leftover before it was locked
            return fresh, handle
        os.close(handle)


def clean(target: Path) -> None:
    """Removes what killed writers of `target` left: what lies under a temporary name and is locked by
    nobody."""
    prefix = _prefix(target)
    with contextlib.suppress(OSError):
        for left in sorted(p for p in target.parent.iterdir() if p.name.startswith(prefix)):
            _remove_if_free(left)


def _remove_if_free(left: Path) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(left, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if left.is_dir():
                shutil.rmtree(left)
            else:
                left.unlink()
        finally:
            os.close(handle)


def await_reader(pipe: Path) -> int:
    """A handle that holds the pipe open, for its reader would take an end between two writers for the end.

    Raises:
        FileError: nobody reads it within READER_S; writing to it would wait for ever.
    """
    until = time.monotonic() + READER_S
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        if time.monotonic() > until:
            raise FileError(f"somebody who reads the pipe {shown(pipe)}", "nobody", "start the reader first")
        time.sleep(0.02)


def sync(path: Path) -> None:
    """Waits until `path` is on the disk. Raises OSError where the disk says that it is not."""
    if path.is_symlink():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):  # it knows no syncing
            raise
    finally:
        os.close(handle)


def exchange(fresh: Path, target: Path) -> None:
    """Swaps two folders in one step where the system can, else in two."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(fresh), os.fsencode(target)
    try:
        if sys.platform == "darwin":
            done = libc.renamex_np(names[0], names[1], 2) == 0
        else:
            at_cwd = -100
            done = libc.renameat2(at_cwd, names[0], at_cwd, names[1], 2) == 0
    except AttributeError:
        done = False
    if done:
        return
    old = fresh.with_name(temporary(target))
    os.replace(target, old)
    os.replace(fresh, target)
    shutil.rmtree(old, ignore_errors=True)
