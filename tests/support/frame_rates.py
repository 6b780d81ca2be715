"""What the board's touch loop reaches on a simulated bus, by the firmware's own frame clock."""

from __future__ import annotations

from firmware import FrameClock
from sensors import default_sensors, sensor_array
from sensors.simulation import SimulatedBoard

WANTED_HZ = 200
FRAMES = 400


def reached_per_second(
    overhead_us: float, software_us: int, *, bit_rate_hz: float = 400_000.0, wanted_hz: int = WANTED_HZ
) -> tuple[float, bool, int]:
    """What the board's touch loop reaches.

    Args:
        overhead_us: of software for each transfer.
        software_us: of a frame besides its sensors: touch and packets.
        bit_rate_hz: of the bus.
        wanted_hz: frames a second of the settings.

    Returns:
        frames a second, whether sensors are started ahead, µs between the first and the last of a frame.
    """
    board = SimulatedBoard("empty", overhead_us=overhead_us, bit_rate_hz=bit_rate_hz)
    array = sensor_array(board.bus, board.clock, default_sensors(), frame_rate_hz=wanted_hz)
    every_us = 1_000_000 // wanted_hz
    frame_clock = FrameClock(every_us, 0)
    begins = []
    for _ in range(2 * FRAMES):
        began = board.clock.now_us()
        begins.append(began)
        array.tick()
        board.clock.sleep_until_us(board.clock.now_us() + software_us)
        array.plan(software_us)
        board.clock.sleep_until_us(frame_clock.next(began, board.clock.now_us()))
    rate = (FRAMES - 1) * 1e6 / (begins[-1] - begins[-FRAMES])
    return rate, array.ahead, array.stats.skew_us
