"""Gestures: what a player does with which magnets, as a TOML file (docs/gestures.md)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from files import plain_file, toml_of
from sensors.errors import SensorError
from sensors.simulation import motion
from sensors.simulation.motion import Array

FORMAT = "lodestone-gesture"
VERSION = 1
_KINDS = {
    "ball": {"diameter_mm"},
    "disc": {"diameter_mm", "height_mm"},
    "ring": {"diameter_mm", "hole_mm", "height_mm"},
}
_POLES = ("field", "up", "down", "rolling")
_OBJECT_KEYS = {"name", "kind", "remanence_t", "pole", "at", "moves", "diameter_mm", "hole_mm", "height_mm"}
_ENVIRONMENT_KEYS = {
    "ambient_ut", "mains_hz", "mains_ut", "temperature_c", "warm_k", "warm_seconds", "vibration_um",
    "vibration_hz",
}  # fmt: skip
_ADVICE = "see docs/gestures.md"
_LARGEST_FILE = 1 << 20


@dataclass(frozen=True)
class MagnetObject:
    """One magnet in the player's hands.

    Attributes:
        name: for `follow`.
        kind: ball, disc or ring (disc and ring lie flat).
        size_mm: outer diameter, hole, height.
        remanence_t: Br.
        pole: "field" (turns along the attractors' field, as a free marble does), "rolling" (turns as it
            rolls), "up", "down", or a direction [x, y, z].
        at: x, y, height at the beginning, mm.
        moves: as in the file, checked.
    """

    name: str
    kind: str
    size_mm: tuple[float, float, float]
    remanence_t: float
    pole: str | tuple[float, float, float]
    at: tuple[float, float, float]
    moves: list[dict[str, Any]]

    @property
    def centre_height_mm(self) -> float:
        """Of the centre above the lowest point."""
        return (self.size_mm[0] if self.kind == "ball" else self.size_mm[2]) / 2


@dataclass(frozen=True)
class Gesture:
    """A checked gesture: objects, duration, and what the room adds (keys of `Environment`)."""

    name: str
    title: str
    duration_s: float
    objects: tuple[MagnetObject, ...]
    environment: dict[str, Any] = field(default_factory=dict)

    def paths_mm(self, times_s: Array) -> dict[str, Array]:
        """Centres of all objects, [N, 3] mm each, z above the playing surface."""
        lowest: dict[str, Array] = {}
        for thing in self.objects:
            start = np.asarray(thing.at, dtype=np.float64)
            lowest[thing.name] = motion.path(start, thing.moves, times_s, lowest)
        raised = {thing.name: np.array([0.0, 0.0, thing.centre_height_mm]) for thing in self.objects}
        return {name: track + raised[name] for name, track in lowest.items()}


def gesture_names() -> list[str]:
    """The gestures that come with the project."""
    folder = resources.files("sensors") / "gestures"
    return sorted(entry.name[:-5] for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_gesture(name_or_path: str | Path) -> Gesture:
    """Reads a gesture that comes with the project (by name) or a file (by path).

    Raises:
        SensorError: no such gesture, no TOML, or something in it that is not known.

    Example:
        >>> load_gesture("first-sound").duration_s > 10.0
        True
    """
    text = str(name_or_path)
    if text in gesture_names():
        return parse_gesture(
            (resources.files("sensors") / "gestures" / f"{text}.toml").read_text("utf-8"), text
        )
    path = Path(text)
    if not _is_file(path):
        raise SensorError(
            "a gesture",
            f"{text!r}, which is neither a file nor one of {', '.join(gesture_names())}",
            "choose one",
        )
    try:
        return parse_gesture(plain_file(path, _LARGEST_FILE).read_text("utf-8"), path.stem)
    except UnicodeDecodeError:
        raise SensorError("a gesture file (TOML)", f"bytes that are no text in {path}", _ADVICE) from None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a NUL in it
        return False


def parse_gesture(text: str, name: str) -> Gesture:
    """Checks the text of a gesture file. Raises SensorError."""
    try:
        data = toml_of(text)
    except ValueError as error:
        raise SensorError(f"TOML in gesture {name}", str(error)[:200], _ADVICE) from None
    if data.get("format") != FORMAT or data.get("version") != VERSION:
        got = f"format {data.get('format')!r} version {data.get('version')!r} in {name}"
        raise SensorError(f'format = "{FORMAT}" and version = {VERSION}', got, _ADVICE)
    where = f"gesture {name}"
    _known(data, {"format", "version", "title", "duration_s", "environment", "object"}, where)
    environment = data.get("environment", {})
    _known(environment, _ENVIRONMENT_KEYS, f"[environment] of {where}")
    duration = _number(data, "duration_s", where, low=0.1, high=3600.0)
    things: list[MagnetObject] = []
    for entry in _list(data, "object", where):
        things.append(_object(entry, where, [thing.name for thing in things], duration))
    return Gesture(name, str(data.get("title", name)), duration, tuple(things), dict(environment))


def _object(entry: dict[str, Any], where: str, before: list[str], duration: float) -> MagnetObject:
    name = str(entry.get("name", f"object {len(before) + 1}"))
    where = f"object {name!r} of {where}"
    _known(entry, _OBJECT_KEYS, where)
    kind = entry.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise SensorError(f"{where} to be one of {', '.join(_KINDS)}", repr(kind)[:60], _ADVICE)
    if name in before:
        raise SensorError(f"one object named {name!r}", f"two in {where}", "give each its own name")
    sizes = {key: _number(entry, key, where, low=0.5, high=200.0) for key in sorted(_KINDS[kind])}
    size = (sizes["diameter_mm"], sizes.get("hole_mm", 0.0), sizes.get("height_mm", sizes["diameter_mm"]))
    if size[1] >= size[0]:
        raise SensorError(
            f"a hole smaller than the ring in {where}", f"{size[1]} of {size[0]} mm", "shrink it"
        )
    moves = [_move(move, where, before) for move in _list(entry, "moves", where)]
    clock = 0.0
    for move in moves:
        t0, t1 = move["t"]
        if not clock <= t0 < t1 <= duration + 1e-9:
            raise SensorError(
                f"moves one after another within {duration} s in {where}", f"t = {move['t']}", _ADVICE
            )
        clock = t1
    return MagnetObject(
        name=name,
        kind=kind,
        size_mm=size,
        remanence_t=_number(entry, "remanence_t", where, low=0.01, high=1.6, default=1.30),
        pole=_pole(entry.get("pole", "field" if kind == "ball" else "up"), where),
        at=_vector(entry.get("at"), 3, f"at of {where}"),
        moves=moves,
    )


def _move(move: Any, where: str, before: list[str]) -> dict[str, Any]:
    do = move.get("do") if isinstance(move, dict) else None
    if not isinstance(do, str) or do not in motion.MOVES:
        raise SensorError(f"a move of {where} to do one of {', '.join(motion.MOVES)}", repr(do)[:60], _ADVICE)
    _, needed, allowed = motion.MOVES[do]
    _known(move, needed | allowed | {"do", "t"}, f"move {do} of {where}")
    missing = sorted((needed | {"t"}) - set(move))
    if missing:
        raise SensorError(f"{', '.join(missing)} in move {do} of {where}", "nothing", _ADVICE)
    checked = dict(move)
    checked["t"] = _vector(move["t"], 2, f"t of move {do} of {where}")
    if do in ("glide", "throw"):
        _vector(move["to"], (2, 3), f"to of move {do} of {where}")
    if do == "orbit":
        _vector(move["centre"], 2, f"centre of {where}")
    if do == "swing":
        _vector(move["by"], 3, f"by of {where}")
    if do in ("orbit", "swing"):
        for key in {"turns", "radius", "height"} & set(move):
            _number(move, key, f"move {do} of {where}", low=-1000.0, high=1000.0)
    if do == "follow" and move["object"] not in before:
        raise SensorError(
            f"an object above {where} to follow", repr(move["object"]), "name one that comes earlier"
        )
    if do == "trace":
        _check_trace(move["points"], f"points of {where}")
    return checked


def _check_trace(points: Any, where: str) -> None:
    rows = [_vector(point, 4, where) for point in (points if isinstance(points, list) else [])]
    times = [0.0] + [row[0] for row in rows]
    if not rows or any(b <= a for a, b in itertools.pairwise(times)):
        raise SensorError(
            f"{where} as [seconds, x, y, height] with growing seconds", repr(points)[:60], _ADVICE
        )


def _pole(value: Any, where: str) -> str | tuple[float, float, float]:
    if isinstance(value, str):
        if value in _POLES:
            return value
        raise SensorError(f"pole of {where} as {', '.join(_POLES)} or [x, y, z]", repr(value), _ADVICE)
    x, y, z = _vector(value, 3, f"pole of {where}")
    length = float(np.hypot(np.hypot(x, y), z))
    if length == 0.0:
        raise SensorError(f"a pole of {where} that points somewhere", "[0, 0, 0]", _ADVICE)
    return x / length, y / length, z / length


def _list(entry: dict[str, Any], key: str, where: str) -> list[Any]:
    value = entry.get(key, [])
    if not isinstance(value, list):
        raise SensorError(f"a list for {key} of {where}", repr(value)[:60], _ADVICE)
    return value


def _known(entry: Any, keys: set[str] | frozenset[str], where: str) -> None:
    if not isinstance(entry, dict):
        raise SensorError(f"a table for {where}", repr(entry)[:60], _ADVICE)
    unknown = sorted(set(entry) - set(keys))
    if unknown:
        raise SensorError(f"only {', '.join(sorted(keys))} in {where}", ", ".join(unknown), _ADVICE)


def _number(
    entry: dict[str, Any], key: str, where: str, *, low: float, high: float, default: float | None = None
) -> float:
    value = entry.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise SensorError(f"{key} from {low:g} to {high:g} in {where}", repr(value), _ADVICE)
    return float(value)


def _vector(value: Any, size: int | tuple[int, ...], where: str) -> Any:
    sizes = (size,) if isinstance(size, int) else size
    good = isinstance(value, list) and len(value) in sizes
    if not good or any(
        isinstance(x, bool) or not isinstance(x, int | float) or not abs(x) < 1e6 for x in value
    ):
        raise SensorError(f"{' or '.join(map(str, sizes))} numbers for {where}", repr(value)[:60], _ADVICE)
    return tuple(float(x) for x in value)
