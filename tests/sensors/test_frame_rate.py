"""Frames come as fast as bus and program let them, without a cliff; one bad cable harms one sensor."""

from __future__ import annotations

import numpy as np
import pytest

from firmware import FrameClock
from sensors import Flag, default_sensors, sensor_array
from sensors.simulation import Fault, SimulatedBoard
from tests.support.frame_rates import reached_per_second

SOFTWARE_US = 300


@pytest.mark.parametrize(
    ("bus_hz", "overhead_us", "least"),
    [(4e5, 100.0, 195.0), (4e5, 150.0, 185.0), (1e5, 0.0, 170.0), (1e5, 150.0, 140.0)],
)
def test_what_is_reached(bus_hz: float, overhead_us: float, least: float) -> None:
    assert reached_per_second(overhead_us, SOFTWARE_US, bit_rate_hz=bus_hz)[0] >= least


def test_there_is_no_cliff() -> None:
    rates = [reached_per_second(overhead, SOFTWARE_US)[0] for overhead in range(0, 401, 50)]
    falls = -np.diff(rates) / rates[:-1]
    assert falls.min() > -0.02, "more overhead is never faster"
    assert falls.max() < 0.13, "and each step costs what its transfers take"


def test_sensors_are_started_ahead_only_where_frames_would_not_fit() -> None:
    assert not reached_per_second(0.0, 300)[1]
    assert reached_per_second(150.0, 300)[1]


def test_a_late_frame_is_followed_at_once_and_the_grid_is_reached_without_a_bunch() -> None:
    clock, now, begins = FrameClock(5000, 0), 0, []
    for spent in [4000, 4000, 9000, *[3000] * 12]:
        begins.append(now)
        now = clock.next(now, now + spent)
    gaps = np.diff(begins)
    assert gaps[2] == 9000, "at once"
    assert gaps.min() == 3750, "a little closer together"
    assert begins[-1] % 5000 == 0, "until the grid is reached"


def test_a_chip_that_holds_the_clock_harms_one_sensor() -> None:
    """With the second that the kernel waits. A minute of it; and the cable is mended."""
    board = SimulatedBoard("empty", faults=[Fault("hang", 2.0, 60.0, 2)])
    array = sensor_array(board.bus, board.clock, default_sensors())
    clock, frames = FrameClock(5000, 0), []
    while board.clock.now_us() < 100e6:
        began = board.clock.now_us()
        frames.append((began * 1e-6, array.tick()))
        board.clock.sleep_until_us(clock.next(began, board.clock.now_us()))
    times = np.array([time for time, _ in frames])
    valid = np.array([frame.valid for _, frame in frames])
    flags = np.array([frame.flags for _, frame in frames])
    during = (times >= 2.0) & (times < 62.0)
    others = [0, 1, 3]
    for sensor in others:
        assert (flags[during, sensor] & Flag.LOST == 0).sum() / 60.0 >= 150.0
        assert valid[during, sensor].min() == 1.0
    assert valid[(times > 10.0) & (times < 62.0), 2].max() == 0.0
    asked = (np.diff(times[during]) > 0.9).sum()
    assert asked <= 8, "more and more rarely"
    assert valid[-1].min() == 1.0, "and it comes back"


def test_a_bus_that_is_down_for_all_is_held_against_all() -> None:
    board = SimulatedBoard("empty", faults=[Fault("hang", 2.0, 60.0, sensor) for sensor in range(4)])
    array = sensor_array(board.bus, board.clock, default_sensors())
    valid = np.ones(4)
    while board.clock.now_us() < 20e6:
        began = board.clock.now_us()
        valid = np.array(array.tick().valid)
        board.clock.sleep_until_us(began + 5000)
    assert valid.max() == 0.0
