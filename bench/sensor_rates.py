"""Frames a second of four MLX90393 on one bus, every bit counted: `python -m bench.sensor_rates`.

First how fast the driver alone goes, one frame after another; then what a board reaches that wants 200 of
them, by the firmware's own frame clock, with the time that its program takes between two frames.
"""

from __future__ import annotations

from sensors import default_sensors, sensor_array
from sensors.simulation import SimulatedBoard
from tests.support.frame_rates import WANTED_HZ, reached_per_second

FILTERS = ((0, 2), (1, 1), (0, 3), (1, 2), (0, 4), (1, 3), (2, 2), (0, 5), (2, 3), (3, 3))
OVERHEADS_US = (0.0, 70.0, 150.0)
CURVE_US = tuple(range(0, 301, 25))
SOFTWARE_US = (0, 300, 600)
FRAMES = 400


def frames_per_second(
    oversampling: int, digital_filter: int, overhead_us: float, *, bit_rate_hz: float = 400_000.0
) -> float:
    """As fast as the driver goes: it waits for the longest conversion that the data sheet allows."""
    board = SimulatedBoard("empty", overhead_us=overhead_us, bit_rate_hz=bit_rate_hz)
    sensors = [s.but(oversampling=oversampling, filter=digital_filter) for s in default_sensors()]
    array = sensor_array(board.bus, board.clock, sensors)
    while not all(array.health(sensor).running for sensor in range(4)):
        array.tick()
        board.clock.sleep_until_us(board.clock.now_us() + 1000)
    begun = board.clock.now_us()
    for _ in range(FRAMES):
        array.tick()
    return FRAMES * 1e6 / (board.clock.now_us() - begun)


def main() -> None:
    """Prints the tables."""
    print("frames a second, start all, wait, read all; µs of software time for each transfer")
    print("oversampling/filter   " + "".join(f"{overhead:6.0f} µs" for overhead in OVERHEADS_US))
    for oversampling, digital_filter in FILTERS:
        rates = [frames_per_second(oversampling, digital_filter, overhead) for overhead in OVERHEADS_US]
        print(f"{oversampling}/{digital_filter:<20}" + "".join(f"{rate:9.0f}" for rate in rates))
    print(f"1/2 at 100 kHz        {frames_per_second(1, 2, 0.0, bit_rate_hz=100_000.0):9.0f}")
    for bit_rate_hz in (400_000.0, 100_000.0):
        print(f"\nreached of {WANTED_HZ} at {bit_rate_hz / 1000:.0f} kHz; * sensors are started ahead")
        print("µs a transfer   " + "".join(f"{software:4d} µs a frame" for software in SOFTWARE_US))
        for overhead in CURVE_US:
            cells = [
                reached_per_second(overhead, software, bit_rate_hz=bit_rate_hz) for software in SOFTWARE_US
            ]
            print(
                f"{overhead:13d}   "
                + "".join(f"{rate:13.1f}{'*' if ahead else ' '}" for rate, ahead, _ in cells)
            )


if __name__ == "__main__":
    main()
