"""How the four sensors are set: which chip at which address, mounted how, with what settings of its own."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import firmware
from definitions import chips
from definitions.chips import Value
from sensors.errors import SensorError

ADDRESSES = {name: chip.addresses for name, chip in chips.chips().items()}
"""The four factory addresses of each chip, in the order of the attractors."""
MOUNTING = ("chip", "address", "axes", "identity")
_DO = "correct the settings"


@dataclass(frozen=True, init=False)
class SensorSettings:
    """One sensor. Settings of the chip itself (definitions/chips.toml) are read and given by their keys.

    Values are checked where they are used, by `to_firmware`.

    Attributes:
        chip: name of a chip that has a driver.
        address: 7-bit I2C address; the first factory address of the chip where none is given.
        axes: which chip axis (1, 2, 3) lies along the board's x, y, z; negative where turned round.
        identity: the identity of the chip that was calibrated; 0 takes any.
        values: every setting of the chip by its key.

    Example:
        >>> SensorSettings(address=0x0D, gain_sel=5).gain_sel
        5
        >>> SensorSettings(chip="tmag5273").values["averaging"]
        4
    """

    chip: str
    address: int
    axes: tuple[int, int, int]
    identity: int
    values: Mapping[str, Value] = field(hash=False)

    def __init__(
        self,
        chip: str = chips.DEFAULT,
        address: int | None = None,
        axes: Sequence[int] = (1, 2, 3),
        identity: int = 0,
        values: Mapping[str, Value] | None = None,
        **others: Any,
    ) -> None:
        known = chips.chips().get(chip) if isinstance(chip, str) else None
        usual = known.addresses[0] if known else 0
        object.__setattr__(self, "chip", chip)
        object.__setattr__(self, "address", usual if address is None else address)
        object.__setattr__(self, "axes", _plain(axes))
        object.__setattr__(self, "identity", identity)
        given = {key: _plain(value) for key, value in {**(values or {}), **others}.items()}
        object.__setattr__(self, "values", {**(known.defaults() if known else {}), **given})

    def __getattr__(self, key: str) -> Any:
        try:
            return self.__dict__["values"][key]
        except KeyError:
            raise AttributeError(f"a {self.__dict__.get('chip')} has no setting {key}") from None

    def to_firmware(self) -> firmware.SensorSettings:
        """The same for the driver. Raises SensorError naming the key, what it takes, what came."""
        made = firmware.SensorSettings()
        self._set(made, "chip", f"a chip that has a driver ({', '.join(chips.names())})")
        self._set(made, "address", "a 7-bit address, 0x08 to 0x7B")
        self._set(made, "axes", "three of 1, 2, 3, with a minus where turned round")
        self._set(made, "identity", "0 to 0xFFFF")
        chip = chips.chip(self.chip)
        for key, value in self.values.items():
            try:
                setting = chip.setting(key)
            except KeyError:
                raise SensorError(
                    f"a setting of a {self.chip}", repr(key), nearest(key, [s.key for s in chip.settings])
                ) from None
            numbers = value if isinstance(value, tuple) else (value,)
            try:
                made.set(key, [_whole(number) for number in numbers])
            except (TypeError, ValueError):
                raise SensorError(f"{setting.wanted} for {key}", shown(value), _DO) from None
        return made

    def _set(self, made: firmware.SensorSettings, key: str, wanted: str) -> None:
        value = getattr(self, key)
        try:
            if key != "chip":
                value = [_whole(v) for v in value] if isinstance(value, tuple) else _whole(value)
            setattr(made, key, value)
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise SensorError(f"{wanted} for {key}", shown(getattr(self, key)), _DO) from None

    def but(self, **changed: Any) -> SensorSettings:
        """The same with other values."""
        mounting = {key: getattr(self, key) for key in MOUNTING}
        return SensorSettings(**{**mounting, **self.values, **changed})

    def info(self) -> dict[str, Any]:
        """JSON-ready, flat."""
        return {**{key: getattr(self, key) for key in MOUNTING}, **self.values}


def nearest(key: str, known: Sequence[str]) -> str:
    """What to do about a key that is not known: the nearest one, or all."""
    near = difflib.get_close_matches(str(key)[:80], known, n=1)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"


def shown(value: object) -> str:
    """A foreign value for a message: never whole where it is long, never nested without end."""
    if isinstance(value, list | tuple | dict) and (len(value) > 8 or _nested(value)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a number of many digits"
    return repr(value)[:80]


def _nested(value: object) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return any(isinstance(part, list | tuple | dict) for part in parts)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _whole(value: object) -> int:
    """A whole number; settings files also write `true`. Raises TypeError for anything else."""
    if not isinstance(value, int):
        raise TypeError(value)
    return int(value)


def default_sensors(chip: str = chips.DEFAULT) -> tuple[SensorSettings, ...]:
    """Four chips of one kind at their factory addresses with the recommended setting. Raises SensorError."""
    if chip not in ADDRESSES:
        raise SensorError(f"a chip that has a driver ({', '.join(ADDRESSES)})", repr(chip), _DO)
    return tuple(SensorSettings(chip=chip, address=address) for address in ADDRESSES[chip])


def check_sensors(sensors: Sequence[SensorSettings]) -> None:
    """Raises SensorError where the firmware's array would not take these four, and says why."""
    settings = [sensor.to_firmware() for sensor in sensors]
    try:
        wrong = firmware.check_sensors(settings)
    except ValueError as error:
        wrong = str(error)
    if wrong:
        raise SensorError("sensor settings that the driver takes", wrong, _DO)


def sensor_array(
    bus: Any, clock: Any, sensors: Sequence[SensorSettings], *, frame_rate_hz: float = 200.0
) -> firmware.SensorArray:
    """The firmware's array of four sensors over a Python bus and clock.

    Raises:
        SensorError: settings that cannot be used; the message says which.
    """
    settings = [sensor.to_firmware() for sensor in sensors]
    try:
        return firmware.SensorArray(bus, clock, settings, frame_rate_hz)
    except ValueError as error:
        raise SensorError("sensor settings that the driver takes", str(error), _DO) from None
