"""How the four sensors are set: which chip at which address, mounted how, with what range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import firmware
from sensors.errors import SensorError


@dataclass(frozen=True)
class SensorSettings:
    """One sensor.

    Attributes:
        chip: "mlx90393".
        address: 7-bit I2C address.
        axes: which chip axis (1, 2, 3) lies along the board's x, y, z; negative where turned round.
        identity: TREF of the chip that was calibrated; 0 takes any.
        gain_sel, resolution, oversampling, filter: of an MLX90393; the defaults are the recommended setting.
        allow_wrapping: takes resolution 0 or 1 all the same.
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

    def to_firmware(self) -> firmware.SensorSettings:
        """The same for the driver. Raises SensorError where a value does not fit its field."""
        settings = firmware.SensorSettings()
        chip = firmware.Mlx90393Settings()
        if self.chip != "mlx90393":
            raise SensorError("a chip that has a driver (mlx90393)", repr(self.chip), "correct the settings")
        try:
            settings.chip = firmware.SensorChip.MLX90393
            settings.address = self.address
            settings.axes = self.axes
            settings.identity = self.identity
            chip.gain_sel = self.gain_sel
            chip.resolution = self.resolution
            chip.oversampling = self.oversampling
            chip.filter = self.filter
            chip.allow_wrapping = self.allow_wrapping
        except (TypeError, RuntimeError):
            raise SensorError("sensor settings in their ranges", repr(self), "correct the settings") from None
        settings.mlx90393 = chip
        return settings

    def info(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def default_sensors() -> tuple[SensorSettings, ...]:
    """Four MLX90393 at 0x0C to 0x0F with the recommended setting."""
    return tuple(SensorSettings(address=0x0C + sensor) for sensor in range(4))


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
