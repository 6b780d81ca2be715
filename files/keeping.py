"""Files of which the last few versions are kept: written, taken back, taken forward."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from files.errors import told
from files.temporary import clean, sync, target_of, temporary
from files.writing import fresh_file, locked


def write_kept(path: str | Path, text: str, kept: int) -> Path:
    """As `write_text`, and keeps what was there as PATH.1, that one as PATH.2, up to PATH.`kept`.

    At every moment the file of `path` is the old one or the new one. Two who write at once write one after
    the other. What `path` holds already is not written again, so that writing twice keeps one.
    """
    target = target_of(Path(path))
    data = text.encode("utf-8")
    with told(path):
        target.parent.mkdir(parents=True, exist_ok=True)
        with locked(target.parent):
            clean(target)
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
    target = target_of(Path(path))
    with told(path), locked(target.parent):
        clean(target)
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
    target = target_of(Path(path))
    with told(path), locked(target.parent):
        clean(target)
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
            sync(target.parent)
    return Path(path)


def kept_path(path: Path, number: int) -> Path:
    """Where `write_kept` keeps the file before `path`; 1 is the last one."""
    return path.with_name(f"{path.name}.{number}")


def undone_path(path: Path) -> Path:
    """Where `take_back` keeps the file that it took out of force."""
    return path.with_name(path.name + ".undone")


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.read_bytes() == other.read_bytes()


def _close_up(target: Path, numbers: list[int]) -> None:
    """The kept files of these numbers become 1, 2, 3 …"""
    for place, number in enumerate(numbers, 1):
        os.replace(kept_path(target, number), kept_path(target, place))
    sync(target.parent)


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
    fresh = target.with_name(temporary(target))
    try:
        try:
            os.link(target, fresh)
        except OSError:  # the file system knows no links
            shutil.copyfile(target, fresh)
            sync(fresh)
        os.replace(fresh, to)
    finally:
        fresh.unlink(missing_ok=True)
