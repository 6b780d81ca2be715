"""What may be read as a file."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import Any

from files.errors import FileError, shown

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MOST_DOTS = 200
"""Of a line of TOML: the parser's time for a key grows with the square of its parts: hours fit in 1 MB."""

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_BETWEEN_KEYS = re.compile(r"[,=\[\]{}]")


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


def apart(output: str | Path, *given: str | Path) -> None:
    """Raises FileError where `output`, to be written, is one of the files that it is made of: by another
    name or a link, too. They may be all that the player has of them.

    Example:
        >>> apart("voice.plan", "voice.onnx")
    """
    for path in given:
        try:
            same = os.path.samefile(output, path)
        except (OSError, ValueError):  # one of them is not there
            same = False
        if same:
            raise FileError(f"another file than {shown(path)} to write", "the same", "choose another name")


def toml_of(text: str) -> dict[str, Any]:
    """The document in a text of TOML; the byte order mark that some editors put before it is passed over.

    Raises:
        ValueError: no TOML, or keys or brackets that go deeper than anybody writes them.

    Example:
        >>> toml_of("a.b = 1"), toml_of("\\ufeffa = 2")
        ({'a': {'b': 1}}, {'a': 2})
    """
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MOST_DOTS and _deepest_key(line) > MOST_DOTS:
            raise ValueError(f"more than {MOST_DOTS} dots in line {number}")
    try:
        document: dict[str, Any] = tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("brackets in brackets without end") from None
    return document


def _deepest_key(line: str) -> int:
    """Dots of the longest dotted key that a line can hold; those of numbers in a row are none."""
    bare = _QUOTED.sub("", line).split("#")[0]
    return max(part.count(".") for part in _BETWEEN_KEYS.split(bare))
