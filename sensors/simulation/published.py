"""The published instrument's firmware as it asks its sensors, for comparison: what its registers and pace do.

It writes the gain with opcode 00, which is no write, so that GAIN_SEL stays 7; register 2 gets 0x02B4 (RES 1,
FILT 5, OSR 0). Sensor by sensor: start, read the status, sleep 8 ms, read x, y, z. It checks no status.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sensors.chips import mlx90393_codes as codes
from sensors.simulation.simulated_board import SimulatedBoard

GAIN_SEL, RESOLUTION = 7, 1
PAUSE_US = 8000
_INTENDED_GAIN = b"\x00\x00\x5c\x07"
_FILTER = b"\x60\x02\xb4\x08"


@dataclass(frozen=True, eq=False)
class PublishedFrame:
    """One round over the four sensors.

    Attributes:
        time_s: [4] seconds, middle of each sensor's conversion.
        counts: [4, 3] as the firmware sends them.
    """

    time_s: NDArray[np.float64]
    counts: NDArray[np.int32]


def count_ut(axis: int) -> float:
    """µT a count in the setting that the chip really has."""
    return codes.count_ut(axis, GAIN_SEL, RESOLUTION)


def frames(board: SimulatedBoard) -> Iterator[PublishedFrame]:
    """Rounds until the end of what the board plays."""
    bus, clock = board.bus, board.clock
    addresses = [chip.address for chip in board.chips]
    for address in addresses:
        bus.transfer(address, b"\xf0", 1)
        clock.sleep_until_us(clock.now_us() + 2000)
        bus.transfer(address, _INTENDED_GAIN, 1)
        bus.transfer(address, _FILTER, 1)
    conversion_s = codes.conversion_us(0, 5) * 1e-6
    while clock.now_us() < board.duration_s * 1e6:
        times, counts = np.empty(4), np.empty((4, 3), dtype=np.int32)
        for sensor, address in enumerate(addresses):
            bus.transfer(address, b"\x3e", 1)
            times[sensor] = clock.now_us() * 1e-6 + conversion_s / 2
            clock.sleep_until_us(clock.now_us() + PAUSE_US)
            words = np.frombuffer(bus.transfer(address, b"\x4e", 7)[1:], dtype=">i2")
            counts[sensor] = words
        yield PublishedFrame(times, counts)
