"""How the four sensors are set: which chip at which address, mounted how, with what range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import firmware
from sensors.errors import SensorError

_CHIPS = {"mlx90393": firmware.SensorChip.MLX90393, "tmag5273": firmware.SensorChip.TMAG5273}
_WANTED = f"a chip that has a driver ({', '.join(_CHIPS)})"
ADDRESSES = {"mlx90393": (0x0C, 0x0D, 0x0E, 0x0F), "tmag5273": (0x35, 0x22, 0x78, 0x44)}
"""The four factory addresses of each chip, in the order of the attractors."""


@dataclass(frozen=True)
class SensorSettings:
    """One sensor.

    Attributes:
        chip: "mlx90393" or "tmag5273".
        address: 7-bit I2C address.
        axes: which chip axis (1, 2, 3) lies along the board's x, y, z; negative where turned round.
        identity: TREF of the chip that was calibrated; 0 takes any.
        gain_sel, resolution, oversampling, filter: of an MLX90393; the defaults are the recommended setting.
        allow_wrapping: takes resolution 0 or 1 all the same.
        wide_range, averaging: of a TMAG5273.
    """

    chip: str = "mlx90393"
    address: int = 0x0C
    axes: tuple[int, int, int] = (1, 2, 3)
    identity: int = 0
    gain_sel: int = 3
    resolution: tuple[int, int, int] = (2, 2, 2)
    oversampling: int = 1
    filter: int = 2
    allow_wrapping: bool = False
    wide_range: bool = True
    averaging: int = 4

    def to_firmware(self) -> firmware.SensorSettings:
        """The same for the driver. Raises SensorError where a value does not fit its field."""
        settings = firmware.SensorSettings()
        if self.chip not in _CHIPS:
            raise SensorError(_WANTED, repr(self.chip), "correct the settings")
        try:
            settings.chip = _CHIPS[self.chip]
            settings.address = self.address
            settings.axes = self.axes
            settings.identity = self.identity
            settings.mlx90393 = self._mlx90393()
            settings.tmag5273 = self._tmag5273()
        except (TypeError, RuntimeError):
            raise SensorError("sensor settings in their ranges", repr(self), "correct the settings") from None
        return settings

    def _mlx90393(self) -> firmware.Mlx90393Settings:
        chip = firmware.Mlx90393Settings()
        chip.gain_sel = self.gain_sel
        chip.resolution = self.resolution
        chip.oversampling = self.oversampling
        chip.filter = self.filter
        chip.allow_wrapping = self.allow_wrapping
        return chip

    def _tmag5273(self) -> firmware.Tmag5273Settings:
        chip = firmware.Tmag5273Settings()
        chip.wide_range = self.wide_range
        chip.averaging = self.averaging
        return chip

    def info(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def default_sensors(chip: str = "mlx90393") -> tuple[SensorSettings, ...]:
    """Four chips of one kind at their factory addresses with the recommended setting. Raises SensorError."""
    if chip not in ADDRESSES:
        raise SensorError(_WANTED, repr(chip), "correct the settings")
    return tuple(SensorSettings(chip=chip, address=address) for address in ADDRESSES[chip])


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
        raise SensorError(
            "sensor settings that the driver takes", str(error), "correct the settings"
        ) from None
