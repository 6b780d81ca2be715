"""Numbers of the MLX90393: registers, counts and typical conversion times (Melexis data sheet 3901090393)."""

from __future__ import annotations

import math

BASE_UT = (0.150, 0.150, 0.242)
"""µT a count in x, y, z at RES 0, GAIN_SEL 7 and HALLCONF 0xC."""
GAIN_FACTORS = (5.0, 4.0, 3.0, 2.5, 2.0, 1.667, 1.333, 1.0)
"""Factor of µT a count for GAIN_SEL 0 to 7."""
ZERO_CODE = 1 << 17
TOP_CODE = (1 << 18) - 1
TREF_NOMINAL = 46696
TREF_C = 35.0
COUNTS_PER_KELVIN = 45.2
RES_SHIFT = (5, 7, 9)

STATUS_BURST = 0x80
STATUS_WAKE = 0x40
STATUS_SINGLE = 0x20
STATUS_ERROR = 0x10
STATUS_CORRECTED = 0x08
STATUS_RESET = 0x04


def count_ut(axis: int, gain_sel: int, resolution: int) -> float:
    """µT of one count."""
    return BASE_UT[axis] * GAIN_FACTORS[gain_sel] * (1 << resolution)


def full_scale_ut(axis: int, gain_sel: int, resolution: int) -> float:
    """Half the range in µT: where words wrap (RES 0 and 1) or stand at a rail (RES 2 and 3)."""
    bits = 15 if resolution < 2 else 17 - resolution
    return count_ut(axis, gain_sel, resolution) * float(1 << bits)


def encode(field_ut: float, axis: int, gain_sel: int, resolution: int) -> int:
    """The 16-bit word that the chip sends for a field: 18-bit offset binary, clamped, shifted by RES, cut."""
    code = round(field_ut / count_ut(axis, gain_sel, 0)) + ZERO_CODE
    return (min(max(code, 0), TOP_CODE) >> resolution) & 0xFFFF


def decode(word: int, resolution: int) -> int:
    """Signed count about zero field of a word (RES 0 and 1 wrap, 2 and 3 do not)."""
    if resolution < 2:
        return word - 0x10000 if word & 0x8000 else word
    return word - (0x8000 if resolution == 2 else 0x4000)


def encode_temperature(temperature_c: float, tref: int) -> int:
    """The thermometer's word: 45.2 counts a kelvin, TREF at 35 °C."""
    return min(max(round(tref + (temperature_c - TREF_C) * COUNTS_PER_KELVIN), 0), 0xFFFF)


def axis_us(oversampling: int, digital_filter: int) -> float:
    """Typical time of one axis in µs."""
    return 64.0 * (1 << oversampling) * (2 + (1 << digital_filter))


def noise_factor(oversampling: int, digital_filter: int) -> float:
    """By how much noisier a reading is than with oversampling 1 and filter 2: white noise over less time.

    Never less than 1: that longer averages are as much better is not known.
    """
    return max(1.0, math.sqrt(axis_us(1, 2) / axis_us(oversampling, digital_filter)))


def temperature_us(oversampling: int) -> float:
    """Typical time of the thermometer in µs."""
    return 67.0 + 192.0 * (1 << oversampling)


WAKE_US = 600.0
END_US = 94.0


def conversion_us(oversampling: int, digital_filter: int, axes: int = 3, *, osr2: int | None = None) -> float:
    """Typical time in µs from start to data ready: 0.694 ms, the axes, and the thermometer where `osr2`."""
    extra = 0.0 if osr2 is None else temperature_us(osr2)
    return WAKE_US + axes * axis_us(oversampling, digital_filter) + extra + END_US
