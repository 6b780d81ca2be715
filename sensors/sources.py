"""`open_source`: frames from wherever a specification says."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from definitions import chips
from sensors.array_source import ArraySource, Bus, Clock
from sensors.errors import SensorError
from sensors.frame import FrameSource
from sensors.machine_clock import MonotonicClock
from sensors.settings import SensorSettings, default_sensors

if TYPE_CHECKING:
    from sensors.replay import RecordedWorld
    from sensors.simulation import Fault, SimulatedBoard, World

Query = list[tuple[str, str]]
_ADVICE = "see `lodestone sensors --help`"


def open_source(spec: str) -> FrameSource:
    """Frames from a bus, a board or a file. Use the result as a context manager.

    Args:
        spec: one of

            - `sim:GESTURE[?seed=1&noise_ut=5&fault=unplug,2,3.0,1.5&…]`: a simulated board; a
              built-in gesture, a gesture file or a recording; keys also of [environment] in docs/gestures.md,
              and the chip's own settings (oversampling=0)
            - `smbus:1[?chip=tmag5273&rate_hz=200&averaging=3]`: Linux I2C, by number or path
            - `serial:/dev/ttyUSB0[?baud=460800]`: a microcontroller that streams frames
            - `osc:192.168.7.2[?measure=1]`: a board over OSC; measured, with its times, flags and identities
            - `replay:FILE[?speed=1]`: a recording; speed 0 is as fast as it is read

    Raises:
        SensorError: nothing of that kind; says what there is.

    Example:
        >>> with open_source("sim:free-play?seed=1") as source:
        ...     frame = next(iter(source))
        >>> frame.field_mt.shape, round(float(frame.field_mt[0, 2]))
        ((4, 3), 28)
    """
    kind, _, rest = spec.partition(":")
    if kind not in _KINDS or not rest:
        wanted = ", ".join(f"{name}:…" for name in _KINDS)
        raise SensorError(f"a source ({wanted})", repr(spec), _ADVICE)
    place, _, query = rest.partition("?")
    return _KINDS[kind](spec, place, parse_qsl(query, keep_blank_values=True))


@contextlib.contextmanager
def open_bus(spec: str) -> Iterator[tuple[Bus, Clock]]:
    """The wires of a `smbus:` or `sim:` specification, and their clock. Raises SensorError."""
    kind, _, rest = spec.partition(":")
    if kind == "sim" and rest:
        board = simulated_board(spec)
        yield board.bus, board.clock
    elif kind == "smbus" and rest:
        from sensors.buses.smbus import SmbusBus

        bus = SmbusBus(rest.partition("?")[0])
        try:
            yield bus, MonotonicClock()
        finally:
            bus.close()
    else:
        raise SensorError("an I2C bus (smbus:1 or sim:GESTURE)", repr(spec), _ADVICE)


def simulated_board(spec: str) -> SimulatedBoard:
    """The board of a `sim:` specification, for whoever needs more of it than frames. Raises SensorError."""
    from sensors.recording import is_recording
    from sensors.replay import RecordedWorld
    from sensors.simulation import Environment, SimulatedBoard, World, load_gesture

    place, _, query = spec.removeprefix("sim:").partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    faults = [_fault(text, spec) for key, text in pairs if key == "fault"]
    chip = dict(pairs).get("chip", "mlx90393")
    default_sensors(chip)
    others = [(key, text) for key, text in pairs if key not in ("fault", "chip", *_chip_keys(chip))]
    room_keys = {entry.name for entry in fields(Environment)} - {"ambient_ut"}
    numbers = _numbers(others, room_keys | {"seed", "noise_ut", "overhead_us", "rate_hz"}, spec)
    world: World | RecordedWorld
    if is_recording(place):
        world = RecordedWorld(place)
        numbers.setdefault("noise_ut", 0.0)  # it is in the recording
    else:
        gesture = load_gesture(place)
        asked: dict[str, Any] = {key: value for key, value in numbers.items() if key in room_keys}
        world = World(gesture, environment=replace(Environment.from_settings(gesture.environment), **asked))
    return SimulatedBoard(
        world,
        seed=int(numbers.get("seed", 0)),
        noise_ut=numbers.get("noise_ut"),
        chip=chip,
        overhead_us=numbers.get("overhead_us", 0.0),
        faults=faults,
    )


def _simulated(spec: str, place: str, query: Query) -> FrameSource:
    board = simulated_board(spec)
    asked = dict(query)
    chip = asked.get("chip", "mlx90393")
    keys = _chip_keys(chip)
    numbers = _numbers([pair for pair in query if pair[0] in keys], keys, spec, keys)
    return ArraySource(
        spec,
        board.bus,
        board.clock,
        _set(default_sensors(chip), numbers),
        rate_hz=float(asked.get("rate_hz", 200.0)),
        until_us=round(board.duration_s * 1e6),
    )


def _smbus(spec: str, place: str, query: Query) -> FrameSource:
    from sensors.buses.smbus import SmbusBus

    chip = dict(query).get("chip", "mlx90393")
    sensors = default_sensors(chip)
    keys = _chip_keys(chip)
    numbers = _numbers([pair for pair in query if pair[0] != "chip"], {"rate_hz"} | keys, spec, keys)
    rate_hz = numbers.pop("rate_hz", 200.0)
    return ArraySource(spec, SmbusBus(place), MonotonicClock(), _set(sensors, numbers), rate_hz=rate_hz)


def _chip_keys(chip: str) -> set[str]:
    """The chip's settings of one number."""
    return {setting.key for setting in chips.chip(chip).settings if setting.count == 1}


def _set(sensors: tuple[SensorSettings, ...], numbers: dict[str, float]) -> tuple[SensorSettings, ...]:
    return tuple(sensor.but(**{key: int(value) for key, value in numbers.items()}) for sensor in sensors)


def _serial(spec: str, place: str, query: Query) -> FrameSource:
    from sensors.buses.serial_source import SerialSource, open_port

    baud = int(_numbers(query, {"baud"}, spec).get("baud", 460_800))
    return SerialSource(spec, lambda: open_port(place, baud))


def _osc(spec: str, place: str, query: Query) -> FrameSource:
    from sensors.buses.osc_source import BOARD_PORT, OscSource

    numbers = _numbers(query, {"port", "measure", "board_port"}, spec)
    port, board_port = int(numbers.get("port", 0)), int(numbers.get("board_port", BOARD_PORT))
    try:
        ipaddress.IPv4Address(place)
    except ValueError:
        raise SensorError(
            "a numeric IPv4 address after osc:", repr(place), "write it as 192.168.7.2"
        ) from None
    if numbers.get("measure"):
        from sensors.buses.osc_link import UdpLink
        from sensors.buses.osc_measured import MeasuredSource

        link = UdpLink(place, port, board_port)
        return MeasuredSource(spec, place, link)
    return OscSource(spec, place, listen_port=port, board_port=board_port)


def _replay(spec: str, place: str, query: Query) -> FrameSource:
    from sensors.replay import ReplaySource

    return ReplaySource(place, speed=_numbers(query, {"speed"}, spec).get("speed", 0.0))


def _fault(text: str, spec: str) -> Fault:
    from sensors.simulation import Fault

    kind, *numbers = text.split(",")
    try:
        sensor, at_s, seconds = (float(number) for number in [*numbers, "0"][:3])
    except ValueError:
        wanted = f"fault=KIND,SENSOR,AT[,SECONDS] in {spec!r}"
        raise SensorError(wanted, repr(text), "as in fault=unplug,2,3.0,1.5") from None
    return Fault(kind, at_s, seconds, int(sensor))


def _numbers(
    query: Query, known: set[str], spec: str, whole: frozenset[str] | set[str] = frozenset()
) -> dict[str, float]:
    values: dict[str, float] = {}
    for key, text in query:
        if key not in known:
            raise SensorError(f"only {', '.join(sorted(known))} after the ? of {spec!r}", repr(key), _ADVICE)
        try:
            values[key] = float(text)
        except ValueError:
            raise SensorError(f"a number for {key} in {spec!r}", repr(text), _ADVICE) from None
        least = 1e-3 if key in ("warm_seconds", "rate_hz") else 0.0
        if not least <= values[key] < 1e9 or (key in _WHOLE | whole and values[key] % 1):
            raise SensorError(f"a sane number for {key} in {spec!r}", text, _ADVICE)
    return values


_WHOLE = {"seed", "baud", "port", "board_port"}
_KINDS: dict[str, Callable[[str, str, Query], FrameSource]] = {
    "sim": _simulated,
    "smbus": _smbus,
    "serial": _serial,
    "osc": _osc,
    "replay": _replay,
}
