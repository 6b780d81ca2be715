"""The one way to write a file: whole and on the disk under a name of its own, then renamed over the old one.

Whoever is killed, or meets a full disk, in the middle leaves the file of before, readable, under its name.
What lies half written beside it begins with a dot, and goes when the same file is written next. Like
`errors` this module is a leaf: every package may import it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from errors import LodestoneError

READER_S = 5.0
"""How long somebody is waited for who reads a pipe that is to be written."""
_LONGEST_NAME = 200
"""Bytes of a name that a temporary name takes over; file systems allow 255."""


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
        f"to {deed} {_shown(path)}", error.strerror or str(error) or "an error of the system", remedy
    )


def plain_file(path: str | Path, most_bytes: int = 4 << 30) -> Path:
    """`path`, to be read: reading a pipe or a device might never end, and a huge file fills the memory.

    What is not there, and a folder, is left to whoever opens it.

    Raises:
        FileError: neither a plain file nor a folder, or larger than `most_bytes`.

    Example:
        >>> plain_file("/dev/zero")
        Traceback (most recent call last):
        ...
        files.FileError: wanted a plain file at /dev/zero, got a device: save what it gives as a file
    """
    try:
        found = os.stat(path)
    except (OSError, ValueError):  # ValueError: a path with a NUL in it
        return Path(path)
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        kind = "a pipe" if stat.S_ISFIFO(found.st_mode) else "a device"
        raise FileError(f"a plain file at {_shown(path)}", kind, "save what it gives as a file")
    if found.st_size > most_bytes:
        wanted = f"at most {most_bytes >> 20} MB in {_shown(path)}"
        raise FileError(wanted, f"{found.st_size >> 20} MB", "give the file that was meant")
    return Path(path)


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
    target = _target(Path(path))
    with _told(path):
        if target.exists() and not target.is_file():
            if target.is_dir():
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            held = _await_reader(target) if target.is_fifo() else None
            try:
                yield target
            finally:
                if held is not None:
                    os.close(held)
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        _clean(target)
        fresh, lock = _make(target, folder=False)
        try:
            yield fresh
            if target.exists():
                os.chmod(fresh, stat.S_IMODE(target.stat().st_mode))
            _sync(fresh)
            os.replace(fresh, target)
            _sync(target.parent)
        finally:
            fresh.unlink(missing_ok=True)
            os.close(lock)


@contextlib.contextmanager
def growing_file(path: str | Path) -> Iterator[Path]:
    """As `fresh_file`, for what is long in the making: where nothing is in its way, it grows under its own
    name.

    So a power cut in the middle of an evening leaves the recording up to there.
    """
    target = _target(Path(path))
    if os.path.exists(target):
        with fresh_file(path) as fresh:
            yield fresh
        return
    with _told(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        _clean(target)
        yield target
        _sync(target)
        _sync(target.parent)


@contextlib.contextmanager
def fresh_folder(path: str | Path) -> Iterator[Path]:
    """An empty folder beside `path` to fill; at the end it takes the place of `path` in one step, all of it.

    Raises:
        FileError: the system refused to make, sync or rename it; `path` is as it was.
    """
    target = _target(Path(path))
    with _told(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        _clean(target)
        fresh, lock = _make(target, folder=True)
        try:
            yield fresh
            for inside in sorted(fresh.rglob("*")):
                _sync(inside)
            _sync(fresh)
            if target.exists():
                _exchange(fresh, target)
            else:
                os.replace(fresh, target)
            _sync(target.parent)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
            os.close(lock)


@contextlib.contextmanager
def scratch_folder(path: str | Path) -> Iterator[Path]:
    """An empty folder beside `path` for what is in the making; it goes at the end, and what a killed one of
    the same `path` left goes when the next begins.

    Raises:
        FileError: the system refused to make it.
    """
    target = _target(Path(path))
    with _told(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        _clean(target)
        fresh, lock = _make(target, folder=True)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        os.close(lock)


def put_in_place(fresh: Path, path: Path) -> None:
    """The whole file `fresh`, of the same disk, takes the place of `path`. Raises FileError."""
    with _told(path):
        _sync(fresh)
        os.replace(fresh, path)
        _sync(path.parent)


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


def write_kept(path: str | Path, text: str, kept: int) -> Path:
    """As `write_text`, and keeps what was there as PATH.1, that one as PATH.2, up to PATH.`kept`.

    At every moment the file of `path` is the old one or the new one. Two who write at once write one after
    the other. What `path` holds already is not written again, so that writing twice keeps one.
    """
    target = _target(Path(path))
    data = text.encode("utf-8")
    with _told(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent):
            _clean(target)
            if target.is_file() and target.read_bytes() == data:
                return Path(path)
            with fresh_file(target) as fresh:
                fresh.write_bytes(data)
                if target.exists():
                    _keep(target, kept)
    return Path(path)


def take_back(path: str | Path, kept: int, check: Callable[[Path], object]) -> Path | None:
    """Puts the latest kept file in the place of `path` again; the one that goes is PATH.undone, the one that
    went before it PATH.undone.1, and so on up to PATH.undone.`kept`: see `take_forward`.

    Args:
        path: the file as `write_kept` wrote it.
        kept: how many are kept.
        check: raises where a file cannot be used; then nothing is changed.

    Returns:
        `path`, or None where nothing is kept.
    """
    target = _target(Path(path))
    with _told(path), locked(target.parent):
        _clean(target)
        numbers = [n for n in range(1, kept + 1) if kept_path(target, n).exists()]
        if not numbers:
            return None
        previous = kept_path(target, numbers[0])
        check(previous)
        undone = undone_path(target)
        if target.exists() and not _same(target, undone):  # else somebody was killed in the middle of this
            if undone.exists():
                _keep(undone, kept)
            _copy(target, undone)
        os.replace(previous, target)
        _close_up(target, numbers[1:])
    return Path(path)


def take_forward(path: str | Path, kept: int, check: Callable[[Path], object]) -> Path | None:
    """Takes the last `take_back` back: PATH.undone is in the place of `path` again, which becomes PATH.1.

    Args and return as there; None where nothing was taken back.
    """
    target = _target(Path(path))
    with _told(path), locked(target.parent):
        _clean(target)
        undone = undone_path(target)
        if not undone.exists():
            return None
        check(undone)
        if not _same(target, undone):
            with fresh_file(target) as fresh:
                fresh.write_bytes(undone.read_bytes())
                if target.exists():
                    _keep(target, kept)
        numbers = [n for n in range(1, kept + 1) if kept_path(undone, n).exists()]
        if numbers:
            os.replace(kept_path(undone, numbers[0]), undone)
            _close_up(undone, numbers[1:])
        else:
            undone.unlink()
            _sync(target.parent)
    return Path(path)


def undone_path(path: Path) -> Path:
    """Where `take_back` keeps the file that it took out of force."""
    return path.with_name(path.name + ".undone")


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


def _close_up(target: Path, numbers: list[int]) -> None:
    """The kept files of these numbers become 1, 2, 3 …"""
    for place, number in enumerate(numbers, 1):
        os.replace(kept_path(target, number), kept_path(target, place))
    _sync(target.parent)


def kept_path(path: Path, number: int) -> Path:
    """Where `write_kept` keeps the file before `path`; 1 is the last one."""
    return path.with_name(f"{path.name}.{number}")


def _keep(target: Path, kept: int) -> None:
    """The file in force becomes PATH.1 as well; the others move up to the first gap, as a kill leaves it."""
    first = kept_path(target, 1)
    if first.exists() and first.read_bytes() == target.read_bytes():
        return  # kept by somebody who was killed before the new one was in force
    gap = next((n for n in range(1, kept + 1) if not kept_path(target, n).exists()), kept)
    for number in range(gap - 1, 0, -1):
        os.replace(kept_path(target, number), kept_path(target, number + 1))
    _copy(target, first)


def _copy(target: Path, to: Path) -> None:
    """Gives the content of `target` a second name in one step; it keeps its own."""
    fresh = target.with_name(_temporary(target))
    try:
        try:
            os.link(target, fresh)
        except OSError:  # the file system knows no links
            shutil.copyfile(target, fresh)
            _sync(fresh)
        os.replace(fresh, to)
    finally:
        fresh.unlink(missing_ok=True)


def _shown(path: str | Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _target(path: Path) -> Path:
    """What a link points at. Raises FileError for a path that no system knows."""
    if "\0" in os.fspath(path):
        raise FileError("a path without NUL bytes", repr(os.fspath(path)[:60]), "correct it")
    return Path(os.path.realpath(path)) if os.path.islink(path) else path


@contextlib.contextmanager
def _told(path: str | Path) -> Iterator[None]:
    """Turns an error of the system that concerns the file being written into ours."""
    try:
        yield
    except OSError as error:
        folder = os.fspath(Path(path).parent)
        concerned = error.filename is None or os.fsdecode(error.filename).startswith(folder) or folder == "."
        if not concerned:
            raise
        raise file_error(path, error) from None


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()[:32]
    return f".{name}.new-"


def _temporary(target: Path) -> str:
    suffix = target.suffix if len(os.fsencode(target.suffix)) < 16 else ""
    return f"{_prefix(target)}{secrets.token_hex(6)}{suffix}"


def _make(target: Path, folder: bool) -> tuple[Path, int]:
    """Makes the temporary file or folder; its lock tells others that somebody works on it."""
    while True:
        fresh = target.with_name(_temporary(target))
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


def _clean(target: Path) -> None:
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


def _await_reader(pipe: Path) -> int:
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
            raise FileError(f"somebody who reads the pipe {_shown(pipe)}", "nobody", "start the reader first")
        time.sleep(0.02)


def _sync(path: Path) -> None:
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


def _exchange(fresh: Path, target: Path) -> None:
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
    old = fresh.with_name(_temporary(target))
    os.replace(target, old)
    os.replace(fresh, target)
    shutil.rmtree(old, ignore_errors=True)
