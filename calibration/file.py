"""The calibration file: JSON with a format name, a version and a checksum; the previous ones are kept.

A file that is truncated, edited or of a newer version is refused with one line; nothing is repaired silently.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from calibration.carry import TERMS
from calibration.errors import CalibrationError
from calibration.model import (
    AXES,
    CHANNELS,
    SENSORS,
    Array,
    Calibration,
    Carry,
    Play,
    Response,
    Rest,
    SensorIdentity,
    Warmth,
)
from files import kept_path, plain_file, take_back, take_forward, undone_path, write_kept

FORMAT = "lodestone-calibration"
VERSION = 4  # 1 had no carry, 2 carried heights only, 3 knew no warm-up
KEPT = 9
_MOST_BYTES = 64 << 20
LARGEST = 1e9  # of any number: far beyond all of them, and within what the engine computes with
MAKE_ONE = "run `lodestone calibrate --board HOST`, or `--simulate` for one that stands in"
"""What to do where there is none."""
DO = "calibrate again, or go back with `lodestone calibration undo`"

_SENSOR_GRID = (SENSORS, AXES)


def checksum(calibration: Calibration) -> str:
    """SHA-256 of the content, as hexadecimal: two equal calibrations have the same.

    Example:
        >>> from tests.support.plain_board import plain_calibration
        >>> checksum(plain_calibration()) == checksum(plain_calibration())
        True
    """
    return _digest(_plain(calibration))


def save(calibration: Calibration, path: str | Path) -> Path:
    """Writes the file whole or not at all; an existing one becomes PATH.1, that one PATH.2, up to PATH.9.

    What is in force already is left as it is: saved twice is saved once, for undo as well.

    Example:
        >>> import tempfile
        >>> from tests.support.plain_board import plain_calibration
        >>> path = save(plain_calibration(), Path(tempfile.mkdtemp()) / "stacco.calibration.json")
        >>> load(path).board
        'test'

    Raises:
        FileError: the disk does not take it; the old one stays in force.
    """
    target = Path(path)
    body = _plain(calibration)
    text = json.dumps(
        {"format": FORMAT, "version": VERSION, "sha256": _digest(body), "calibration": body}, indent=1
    )
    load_text(text, str(target))
    return write_kept(target, text + "\n", KEPT)


def undo(path: str | Path) -> Path:
    """Puts the previous calibration in force again; what is undone waits for `redo`, also after several.

    Raises:
        CalibrationError: there is no previous one, or it cannot be used.
    """
    target = Path(path)
    if take_back(target, KEPT, load) is None:
        raise CalibrationError("an earlier calibration", f"none beside {target}", "calibrate again")
    return target


def redo(path: str | Path) -> Path:
    """Puts the calibration that was undone last in force again.

    Raises:
        CalibrationError: nothing was undone, or it cannot be used.
    """
    target = Path(path)
    if take_forward(target, KEPT, load) is None:
        raise CalibrationError("a calibration that was undone", f"none beside {target}", "calibrate again")
    return target


def before(path: str | Path) -> Calibration:
    """The one that `undo` would put in force. Raises CalibrationError where there is none."""
    kept = [each for each in (kept_path(Path(path), n) for n in range(1, KEPT + 1)) if each.exists()]
    if not kept:
        raise CalibrationError("an earlier calibration", f"none beside {path}", "calibrate again")
    return load(kept[0])


def after(path: str | Path) -> Calibration:
    """The one that `redo` would put in force. Raises CalibrationError where there is none."""
    if not undone_path(Path(path)).exists():
        raise CalibrationError("a calibration that was undone", f"none beside {path}", "calibrate again")
    return load(undone_path(Path(path)))


def kept_files(path: str | Path) -> list[Path]:
    """The calibration in force, those before it and those that were undone, as far as they are there."""
    target = Path(path)
    numbers = range(1, KEPT + 1)
    all_of_them = [target, *(kept_path(target, n) for n in numbers), undone_path(target)]
    all_of_them += [kept_path(undone_path(target), n) for n in numbers]
    return [each for each in all_of_them if each.exists()]


def load(path: str | Path) -> Calibration:
    """Reads and checks a calibration file.

    Raises:
        CalibrationError: missing, truncated, edited, of a newer version, or of impossible content.
    """
    source = Path(path)
    try:
        text = plain_file(source, _MOST_BYTES).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise CalibrationError(f"the calibration {source}", "no such file", MAKE_ONE) from None
    except (OSError, UnicodeDecodeError):
        raise CalibrationError(
            f"the calibration {source}", "a file that cannot be read as text", DO
        ) from None
    return load_text(text, str(source))


def load_text(text: str, name: str) -> Calibration:
    """As `load`, from the text of a file called `name`."""
    wanted = f"a calibration in {name}"
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        got = "a file that ends too early or is no JSON"
        raise CalibrationError(wanted, got, DO) from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise CalibrationError(
            wanted, "a file of another kind", "give a file that `lodestone calibrate` wrote"
        )
    version = document.get("version")
    if not isinstance(version, int) or version > VERSION:
        raise CalibrationError(f"{wanted} of version {VERSION}", f"version {version}", "update lodestone")
    body = document.get("calibration")
    try:
        json.dumps(body, ensure_ascii=False).encode()
        sealed = isinstance(body, dict) and document.get("sha256") == _digest(body)
    except (ValueError, RecursionError):  # a number that is none, half of a letter
        sealed = False
    if not isinstance(body, dict) or not sealed:
        raise CalibrationError(f"{wanted} as it was written", "an edited or damaged file", DO)
    return _Reader(name).calibration(body)


def _digest(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class _Reader:
    """Builds the dataclasses out of plain values, refusing wrong shapes and values that are not finite."""

    def __init__(self, name: str) -> None:
        self._name = name

    def calibration(self, body: Mapping[str, Any]) -> Calibration:
        try:
            return Calibration(
                created=str(body["created"]),
                board=str(body["board"]),
                magnet_set=str(body["magnet_set"]),
                frame_rate_hz=self._positive(body["frame_rate_hz"], "frame rate"),
                sensors=self._sensors(body["sensors"]),
                rest=self._rest(body["rest"]),
                play=self._play(body["play"]),
                response=self._response(body["response"]),
                correction=self._array(body["correction"], (CHANNELS, CHANNELS), "correction"),
                carry=self._carry(body.get("carry")),
                report=dict(body["report"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise self._refuse(f"{type(error).__name__} at {error}") from None

    def _refuse(self, got: str) -> CalibrationError:
        return CalibrationError(f"a complete calibration in {self._name}", got, DO)

    def _array(self, value: Any, shape: tuple[int, ...], what: str) -> Array:
        try:
            array = np.asarray(value, dtype=np.float64)
        except (ValueError, TypeError, OverflowError):
            raise self._refuse(f"a {what} that is no table of numbers") from None
        if array.shape != shape or not (np.abs(array) < LARGEST).all():
            raise self._refuse(f"a {what} of shape {array.shape} or with values that are not numbers")
        return array

    def _number(self, value: Any, what: str) -> float:
        number = float(value)
        if not abs(number) < LARGEST:
            raise self._refuse(f"a {what} of {number}")
        return number

    def _positive(self, value: Any, what: str) -> float:
        number = self._number(value, what)
        if number <= 0.0:
            raise self._refuse(f"a {what} of {number}")
        return number

    def _sensors(self, bodies: Any) -> tuple[SensorIdentity, ...]:
        if not isinstance(bodies, list) or len(bodies) != SENSORS:
            count = len(bodies) if isinstance(bodies, list) else "no list"
            raise self._refuse(f"{count} sensors instead of {SENSORS}")
        return tuple(self._sensor(body) for body in bodies)

    def _sensor(self, body: Mapping[str, Any]) -> SensorIdentity:
        x, y, z = (self._positive(scale, "range") for scale in body["full_scale_mt"])
        settings = {str(key): int(value) for key, value in body["settings"].items()}
        return SensorIdentity(
            str(body["chip"]), int(body["address"]), int(body["serial"]), settings, (x, y, z)
        )

    def _carry(self, body: Mapping[str, Any] | None) -> Carry | None:
        if body is None:
            return None
        if "height_mm" in body:
            up = self._array(body["weights"], (TERMS, AXES), "carry")
            height = self._array(body["height_mm"], (SENSORS,), "height")
            still = np.zeros_like(up)
            return Carry(np.stack([0 * height, 0 * height, height], axis=1), np.stack([still, still, up]))
        weights = self._array(body["weights"], (AXES, TERMS, AXES), "carry")
        return Carry(self._array(body["shift_mm"], _SENSOR_GRID, "shift"), weights)

    def _rest(self, body: Mapping[str, Any]) -> Rest:
        grids = ("offset_mt", "noise_mt", "drift_mt_per_min", "mains_mt", "tempco_mt_per_k")
        return Rest(
            **{name: self._array(body[name], _SENSOR_GRID, name) for name in grids},
            temperature_c=self._array(body["temperature_c"], (SENSORS,), "temperature"),
            mains_hz=self._positive(body["mains_hz"], "mains frequency"),
            mains_taps=self._taps(body["mains_taps"]),
            seconds=self._number(body["seconds"], "length"),
            warmth=self._warmth(body.get("warmth")),
        )

    def _warmth(self, body: Mapping[str, Any] | None) -> Warmth | None:
        if body is None:
            return None
        grids, rows = (
            ("chip_mt_per_k", "magnet_mt_per_k", "left_mt"),
            ("sensitivity_per_k", "behind_k", "lag_s"),
        )
        if np.min(self._array(body["lag_s"], (SENSORS,), "lag of the magnets")) <= 0:
            raise self._refuse("magnets that warm before their chips")
        return Warmth(
            **{name: self._array(body[name], _SENSOR_GRID, name) for name in grids},
            **{name: self._array(body[name], (SENSORS,), name) for name in rows},
            warmed_k=self._positive(body["warmed_k"], "warm-up"),
        )

    def _taps(self, value: Any) -> tuple[float, ...]:
        taps = tuple(self._number(tap, "mains weight") for tap in value)
        if not taps or abs(sum(taps) - 1.0) > 1e-6:
            raise self._refuse("mains weights that do not sum to 1")
        return taps

    def _play(self, body: Mapping[str, Any]) -> Play:
        rows = ("low_mt", "high_mt", "saturation")
        return Play(
            **{name: self._array(body[name], (CHANNELS,), name) for name in rows},
            coverage=self._number(body["coverage"], "coverage"),
            touch_rms=self._positive(body["touch_rms"], "touch level"),
            seconds=self._number(body["seconds"], "length"),
        )

    def _response(self, body: Mapping[str, Any]) -> Response:
        reach = self._array(body["reach_mt"], (CHANNELS,), "reach")
        dead = self._array(body["dead_zone_mt"], (CHANNELS,), "dead zone")
        if (dead < 0).any() or (reach <= dead).any():
            raise self._refuse("a reach that is not larger than the dead zone")
        names = ("knee_mt", "min_cutoff_hz", "derivative_cutoff_hz")
        return Response(
            reach_mt=reach,
            dead_zone_mt=dead,
            beta=self._number(body["beta"], "beta"),
            **{name: self._positive(body[name], name) for name in names},
        )
