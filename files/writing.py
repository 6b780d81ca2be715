"""Files and folders that are whole, or as they were before."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from files.errors import told
from files.temporary import await_reader, clean, exchange, make, sync, target_of


def write_text(path: str | Path, text: str) -> Path:
    """Writes `text` as UTF-8; see `write_bytes`."""
    return write_bytes(path, text.encode("utf-8"))


def write_bytes(path: str | Path, data: bytes) -> Path:
    """Replaces the file `path` by `data` in one step, making its folder where there is none. Returns the
    path.

    Example:
        >>> import tempfile
        >>> write_bytes(Path(tempfile.mkdtemp()) / "voice.plan", b"plan").read_bytes()
        b'plan'

    Raises:
        FileError: it cannot be written; the file of before is as it was.
    """
    with fresh_file(path) as fresh:
        fresh.write_bytes(data)
    return Path(path)


@contextlib.contextmanager
def fresh_file(path: str | Path) -> Iterator[Path]:
    """The name of a file to write, beside `path` and with its suffix; it takes the place of `path` at the
    end.

    An exception in the body, a kill or a full disk leaves `path` as it was. What is no plain file (a
    terminal, a pipe, `/dev/null`) cannot be replaced: there the body writes to `path` itself. A link stays,
    and what it points at is replaced.

    Raises:
        FileError: the system refused to make, write or rename the file.
    """
    target = target_of(Path(path))
    with told(path):
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            held = await_reader(target) if target.is_fifo() else None
            try:
                yield target
            finally:
                if held is not None:
                    os.close(held)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        clean(target)
        fresh, lock = make(target, folder=False)
        try:
            yield fresh
            if target.exists():
                os.chmod(fresh, stat.S_IMODE(target.stat().st_mode))
            sync(fresh)
            os.replace(fresh, target)
            sync(target.parent)
        finally:
            fresh.unlink(missing_ok=True)
            os.close(lock)


@contextlib.contextmanager
def growing_file(path: str | Path) -> Iterator[Path]:
    """As `fresh_file`, for what is long in the making: where nothing is in its way, it grows under its own
    name.

    So a power cut in the middle of an evening leaves the recording up to there.
    """
    target = target_of(Path(path))
    if os.path.exists(target):
        with fresh_file(path) as fresh:
            yield fresh
        return
    with told(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        clean(target)
        yield target
        sync(target)
        sync(target.parent)


@contextlib.contextmanager
def fresh_folder(path: str | Path) -> Iterator[Path]:
    """An empty folder beside `path` to fill; at the end it takes the place of `path` in one step, all of it.

    Raises:
        FileError: the system refused to make, sync or rename it; `path` is as it was.
    """
    target = target_of(Path(path))
    with told(path), scratch_folder(target) as fresh:
        yield fresh
        for inside in sorted(fresh.rglob("*")):
            sync(inside)
        sync(fresh)
        if target.exists():
            exchange(fresh, target)
        else:
            os.replace(fresh, target)
        sync(target.parent)


@contextlib.contextmanager
def scratch_folder(path: str | Path) -> Iterator[Path]:
    """An empty folder beside `path` for what is in the making; it goes at the end, and what a killed one of
    the same `path` left goes when the next begins.

    Raises:
        FileError: the system refused to make it.
    """
    target = target_of(Path(path))
    with told(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        clean(target)
        fresh, lock = make(target, folder=True)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        os.close(lock)


def put_in_place(fresh: Path, path: Path) -> None:
    """The whole file `fresh`, of the same disk, takes the place of `path`. Raises FileError."""
    with told(path):
        sync(fresh)
        os.replace(fresh, path)
        sync(path.parent)


@contextlib.contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Waits until no other process changes the files of `folder` in several steps, and keeps them out.

    For whoever reads, decides and writes; a single `write_bytes` needs none. Not to be nested. Where the file
    system knows no locks, nothing is kept out.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
