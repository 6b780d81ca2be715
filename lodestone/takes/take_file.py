"""A take as a file: gzip of lines of JSON, the first its header, each other one a message of the board.

`[12.345678, "/latent", 0.1, -0.2]`: seconds since the start, address, arguments. Numbers keep all bits of a
32-bit float. The stream is flushed once a second: who is killed loses a second (docs/takes.md).
"""

from __future__ import annotations

import gzip
import itertools
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from errors import LodestoneError
from files import FileError, growing_file, plain_file

FORMAT = "lodestone-take"
VERSION = 1
FLUSH_S = 1.0
LONGEST_LINE = 1 << 16
_MOST_SWELL, _MOST_LINES = 96 << 20, 1 << 18
"""Bytes of lines beyond sixteen times the packed ones, and lines beyond one for every second packed byte: an
honest take has a tenth of its lines, and some bytes for each."""
_DO = "name a file that `lodestone record` wrote"


class TakeError(LodestoneError):
    """A take cannot be read, or does not hold what it is asked for."""


@dataclass(frozen=True)
class Event:
    """One message of the board.

    Attributes:
        time_s: since the start of the take.
        address: of OSC.
        values: its arguments.
    """

    time_s: float
    address: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Take:
    """What a take holds.

    Attributes:
        info: of the board at the start.
        events: every message, in order of time.
        damage: None, or in words what is missing; everything before it is in `events`.
    """

    info: dict[str, Any]
    events: tuple[Event, ...]
    damage: str | None

    @property
    def seconds(self) -> float:
        """Until the last message."""
        return self.events[-1].time_s if self.events else 0.0


class TakeWriter:
    """Writes a take while it is played. A context manager; a take of that name stays until this one is whole.

    Args:
        path: the file.
        info: of the board.

    Raises:
        FileError: it cannot be written.
    """

    def __init__(self, path: Path, info: dict[str, Any]) -> None:
        self._place = growing_file(path)
        self._file = gzip.GzipFile(self._place.__enter__(), "wb", compresslevel=4, mtime=0)
        self._line({"format": FORMAT, "version": VERSION, **info})
        self._file.flush()
        self._flushed_s = 0.0
        self.events = 0

    def add(self, event: Event) -> None:
        """Appends a message."""
        self._line([round(event.time_s, 6), event.address, *map(_short, event.values)])
        self.events += 1
        if event.time_s - self._flushed_s >= FLUSH_S:
            self._flushed_s = event.time_s
            self._file.flush()

    def __enter__(self) -> TakeWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failed:
            self._place.__exit__(type(failed), failed, failed.__traceback__)
            raise
        if self.events > 0 or kind is None:  # whatever ended it: what was heard until then is kept
            self._place.__exit__(None, None, None)
        else:
            self._place.__exit__(kind, error, trace)

    def _line(self, value: Any) -> None:
        self._file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _short(value: Any) -> Any:
    """A float by nine digits, which tell every 32-bit float from its neighbours; what JSON lacks as text."""
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else str(value)
    return value if isinstance(value, int | str) else str(value)


def is_take(path: Path) -> bool:
    """Whether the file begins as a take does."""
    try:
        with gzip.open(plain_file(path), "rb") as file:
            return f'"format":"{FORMAT}"'.encode() in file.read(64)
    except (FileError, OSError, EOFError, zlib.error, ValueError):
        return False


def read_take(path: Path) -> Take:
    """Reads a whole take; of a damaged one everything before the damage.

    Raises:
        TakeError: not there, no take, or of another version.
    """
    lines = _lines(path)
    first = next(lines, None)
    if not isinstance(first, dict) or first.get("format") != FORMAT:
        raise TakeError(f"a take in {path}", "another file", _DO)
    if first.get("version") != VERSION:
        got = f"version {first.get('version')} in {path}"
        raise TakeError(f"version {VERSION} of the format", got, "update Lodestone")
    events: list[Event] = []
    damage = None
    for line in lines:
        event = None if isinstance(line, str) else _event(line, events[-1].time_s if events else 0.0)
        if event is None:
            damage = line if isinstance(line, str) else f"line {len(events) + 2} is no message"
            damage += f"; used are the {len(events)} messages before it"
            break
        events.append(event)
    return Take({k: v for k, v in first.items() if k not in ("format", "version")}, tuple(events), damage)


def _event(line: Any, after_s: float) -> Event | None:
    if not isinstance(line, list) or len(line) < 2 or not isinstance(line[1], str):
        return None
    time_s = line[0]
    if isinstance(time_s, bool) or not isinstance(time_s, int | float) or not after_s <= time_s < 1e6:
        return None
    if not all(isinstance(value, int | float | str) for value in line[2:]):
        return None
    return Event(float(time_s), line[1], tuple(line[2:]))


def _lines(path: Path) -> Iterator[Any]:
    """Each line as JSON; where the file ends or breaks before its end, what is wrong, as a text."""
    try:
        packed = plain_file(path).stat().st_size
        with gzip.open(path, "rb") as file:
            for number in itertools.count():
                line = file.readline(LONGEST_LINE)
                if not line:
                    return
                if file.tell() > _MOST_SWELL + 16 * packed or number > _MOST_LINES + packed // 2:
                    yield f"{number} lines are far more than {packed} bytes hold"
                    return
                if not line.endswith(b"\n"):
                    yield "the file is cut off"
                    return
                yield json.loads(line)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield "the file is cut off or damaged"
    except (ValueError, RecursionError):
        yield "a line is no JSON"
    except OSError as error:
        raise TakeError(f"the take {path}", error.strerror or str(error), "correct the path") from None
