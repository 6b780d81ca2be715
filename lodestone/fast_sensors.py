"""The fast setting of the sensors: for voices that answer at once, at the price of noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lodestone.settings import Settings
from sensors.chips.mlx90393_codes import conversion_us, noise_factor

FRAME_RATE_HZ = 300
OVERSAMPLING = 0
SHORT_HOP = 256
"""Samples. Longer ones wait so long for their own hop that the sensors hardly count."""


def fast(settings: Settings) -> Settings:
    """The same board, its MLX90393 with the shortest conversions and read 300 times a second.

    Example:
        >>> fast(Settings()).frame_rate
        300
    """
    sensors = [one.but(oversampling=OVERSAMPLING) if _slow(one.values) else one for one in settings.sensors]
    rate = max(settings.frame_rate, FRAME_RATE_HZ)
    return Settings(sensors, settings.scenes, {**settings.values, "frame_rate": rate})


def hint(settings: Settings, voice: str, hop: int) -> str | None:
    """What the fast setting would bring a voice of a short hop, in one line.

    Args:
        settings: as they are.
        voice: its name.
        hop: in samples.

    Returns:
        None where the hop is long, or the setting fast already.

    Example:
        >>> hint(Settings(), "glass", 2048) is None
        True
    """
    slow: list[Mapping[str, Any]] = [one.values for one in settings.sensors if _slow(one.values)]
    if hop > SHORT_HOP or settings.frame_rate >= FRAME_RATE_HZ or not slow:
        return None
    digital_filter: int = slow[0]["filter"]
    usual, short = (slow[0]["oversampling"], digital_filter), (OVERSAMPLING, digital_filter)
    waits_ms = 500.0 / settings.frame_rate - 500.0 / FRAME_RATE_HZ
    sooner_ms = waits_ms + 1e-3 * (conversion_us(*usual) - conversion_us(*short))
    noise = noise_factor(*short) / noise_factor(*usual)
    return (
        f"{voice} answers fast: with frame_rate = {FRAME_RATE_HZ} and oversampling = {OVERSAMPLING} a hand "
        f"is heard {sooner_ms:.0f} ms sooner, the sensors' noise {noise:.1f} times as large"
    )


def _slow(values: Mapping[str, Any]) -> bool:
    return int(values.get("oversampling", OVERSAMPLING)) > OVERSAMPLING
