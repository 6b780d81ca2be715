"""The line protocol of a microcontroller that streams frames over a serial port (docs/sensors.md, "Serial").

A line is text, a star, and the CRC-16/CCITT-FALSE of the text in four hex digits. Three kinds:

    H{"version":1,"chip":"mlx90393","rate_hz":200,"gain_sel":3,"resolution":[2,2,2],"tref":[46696,46701,46688,46690]}
    F,sequence,time_us,x0,y0,z0,x1,y1,z1,x2,y2,z2,x3,y3,z3,flags0,flags1,flags2,flags3
    T,c0,c1,c2,c3

Counts are signed about zero field, flags are hex, temperatures are hundredths of a degree.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.chips import mlx90393_codes as codes
from sensors.settings import ADDRESSES, SensorSettings

VERSION = 1
MAX_LINE = 512
_FRAME_FIELDS = 3 + 12 + 4
_U32 = 1 << 32


@dataclass(frozen=True, eq=False)
class SerialHeader:
    """What the microcontroller says of its sensors."""

    chip: str
    rate_hz: float
    gain_sel: int
    resolution: tuple[int, int, int]
    tref: tuple[int, int, int, int]

    def sensors(self) -> tuple[SensorSettings, ...]:
        """As settings; the microcontroller keeps the addresses to itself."""
        wraps = min(self.resolution) < 2
        return tuple(
            SensorSettings(
                address=ADDRESSES[self.chip][k],
                gain_sel=self.gain_sel,
                resolution=self.resolution,
                allow_wrapping=wraps,
            )
            for k in range(4)
        )

    def full_scale_mt(self) -> list[float]:
        """Half the range of x, y and z in mT."""
        return [codes.full_scale_ut(axis, self.gain_sel, self.resolution[axis]) * 1e-3 for axis in range(3)]

    def count_mt(self) -> NDArray[np.float32]:
        """[3] mT a count."""
        values = [codes.count_ut(axis, self.gain_sel, self.resolution[axis]) * 1e-3 for axis in range(3)]
        return np.array(values, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class SerialFrame:
    """One frame as sent."""

    sequence: int
    time_us: int
    counts: NDArray[np.int32]
    flags: NDArray[np.uint32]


@dataclass(frozen=True, eq=False)
class SerialTemperature:
    """[4] °C."""

    temperature_c: NDArray[np.float32]


Line = SerialHeader | SerialFrame | SerialTemperature


def seal(text: str) -> bytes:
    """The text as a line: with star, checksum and line end."""
    return f"{text}*{binascii.crc_hqx(text.encode('ascii'), 0xFFFF):04X}\n".encode("ascii")


def header_line(header: SerialHeader) -> bytes:
    """As a microcontroller sends it once a second."""
    fields = {
        "version": VERSION,
        "chip": header.chip,
        "rate_hz": header.rate_hz,
        "gain_sel": header.gain_sel,
        "resolution": list(header.resolution),
        "tref": list(header.tref),
    }
    return seal("H" + json.dumps(fields, separators=(",", ":")))


def frame_line(sequence: int, time_us: int, counts: NDArray[np.int32], flags: Sequence[int]) -> bytes:
    """As a microcontroller sends it for each frame."""
    numbers = [sequence % _U32, time_us, *counts.reshape(-1).tolist()]
    return seal(",".join(["F", *map(str, numbers), *(f"{int(flag):X}" for flag in flags)]))


def temperature_line(temperature_c: Sequence[float]) -> bytes:
    """As a microcontroller sends it once a second."""
    return seal(",".join(["T", *(str(round(degrees * 100)) for degrees in temperature_c)]))


def parse_line(line: bytes) -> Line | None:
    """The content of one line without its end, or None where it is damaged or not known."""
    body, star, checksum = line.rpartition(b"*")
    try:
        if not star or len(checksum) != 4 or int(checksum, 16) != binascii.crc_hqx(body, 0xFFFF):
            return None
        text = body.decode("ascii")
        if text.startswith("H"):
            return _header(json.loads(text[1:]))
        fields = text.split(",")
        if fields[0] == "F" and len(fields) == _FRAME_FIELDS:
            return _frame(fields)
        if fields[0] == "T" and len(fields) == 5:
            degrees = np.array([int(field) / 100 for field in fields[1:]], dtype=np.float32)
            return SerialTemperature(degrees)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return None


def _frame(fields: list[str]) -> SerialFrame | None:
    sequence, time_us = int(fields[1]), int(fields[2])
    if not (0 <= sequence < _U32 and 0 <= time_us < 1 << 63):
        return None
    counts = np.array([int(field) for field in fields[3:15]], dtype=np.int32).reshape(4, 3)
    flags = np.array([int(field, 16) for field in fields[15:]], dtype=np.uint32)
    return SerialFrame(sequence, time_us, counts, flags)


def _header(fields: dict[str, Any]) -> SerialHeader | None:
    if fields["version"] != VERSION or fields["chip"] != "mlx90393":
        return None
    header = SerialHeader(
        chip=fields["chip"],
        rate_hz=float(fields["rate_hz"]),
        gain_sel=int(fields["gain_sel"]),
        resolution=tuple(map(int, fields["resolution"])),  # type: ignore[arg-type]
        tref=tuple(map(int, fields["tref"])),  # type: ignore[arg-type]
    )
    sane = len(header.resolution) == 3 and len(header.tref) == 4 and 1.0 <= header.rate_hz <= 1000.0
    inside = 0 <= header.gain_sel <= 7 and all(0 <= value <= 3 for value in header.resolution)
    return header if sane and inside else None
