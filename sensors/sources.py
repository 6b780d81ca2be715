"""`open_source`: frames from wherever a specification says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any
from urllib.parse import parse_qsl

from sensors.array_source import ArraySource
from sensors.errors import SensorError
from sensors.frame import FrameSource
from sensors.settings import default_sensors

_ADVICE = "see `lodestone sensors --help`"


def open_source(spec: str) -> FrameSource:
    """Frames from a bus, a board or a file. Use the result as a context manager.

    Args:
        spec: `sim:GESTURE[?seed=1&noise_ut=5&…]` (a built-in gesture or a file; keys also of [environment]).

    Raises:
        SensorError: nothing of that kind; says what there is.
    """
    kind, _, rest = spec.partition(":")
    if kind not in _KINDS or not rest:
        wanted = ", ".join(f"{name}:…" for name in _KINDS)
        raise SensorError(f"a source ({wanted})", repr(spec), _ADVICE)
    place, _, query = rest.partition("?")
    return _KINDS[kind](spec, place, dict(parse_qsl(query, keep_blank_values=True)))


def _simulated(spec: str, gesture: str, query: dict[str, str]) -> FrameSource:
    from sensors.simulation import Environment, SimulatedBoard, load_gesture

    loaded = load_gesture(gesture)
    chip = query.pop("chip", "mlx90393")
    sensors = default_sensors(chip)
    room_keys = {entry.name for entry in fields(Environment)} - {"ambient_ut"}
    numbers = _numbers(query, room_keys | {"seed", "noise_ut", "overhead_us", "rate_hz"}, spec)
    room = Environment.from_settings(loaded.environment)
    asked: dict[str, Any] = {key: value for key, value in numbers.items() if key in room_keys}
    room = replace(room, **asked)
    board = SimulatedBoard(
        loaded,
        seed=int(numbers.get("seed", 0)),
        noise_ut=numbers.get("noise_ut"),
        chip=chip,
        overhead_us=numbers.get("overhead_us", 0.0),
        environment=room,
    )
    return ArraySource(
        spec,
        board.bus,
        board.clock,
        sensors,
        rate_hz=numbers.get("rate_hz", 200.0),
        until_us=round(board.duration_s * 1e6),
    )


def _numbers(query: dict[str, str], known: set[str], spec: str) -> dict[str, float]:
    values: dict[str, float] = {}
    for key, text in query.items():
        if key not in known:
            raise SensorError(f"only {', '.join(sorted(known))} after the ? of {spec!r}", repr(key), _ADVICE)
        try:
            values[key] = float(text)
        except ValueError:
            raise SensorError(f"a number for {key} in {spec!r}", repr(text), _ADVICE) from None
        if not abs(values[key]) < 1e9 or values[key] < 0.0 or (key == "seed" and values[key] % 1):
            raise SensorError(f"a sane number for {key} in {spec!r}", text, _ADVICE)
    return values


_KINDS: dict[str, Callable[[str, str, dict[str, str]], FrameSource]] = {"sim": _simulated}
