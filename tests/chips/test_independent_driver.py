"""The chip model read by somebody else's driver and by ours: the same field."""

from __future__ import annotations

import pytest

from sensors import SensorSettings, sensor_array
from sensors.chips import mlx90393_codes as codes
from tests.chips.independent_mlx90393 import independent_driver
from tests.chips.still import still_board

FIELD_UT = (1234.0, -2345.0, 3456.0)


@pytest.mark.parametrize("gain", range(8))
@pytest.mark.parametrize("resolution", range(4))
def test_both_drivers_read_the_field(gain: int, resolution: int) -> None:
    _, _, bus = still_board(FIELD_UT)
    theirs = independent_driver(bus, 0x0C, gain, resolution).magnetic
    settings = [
        SensorSettings(address=0x0C + k, gain_sel=gain, resolution=(resolution,) * 3, allow_wrapping=True)
        for k in range(4)
    ]
    array = sensor_array(bus, bus.clock, settings)
    for _ in range(20):
        frame = array.tick()
        bus.clock.sleep_until_us(bus.clock.now_us() + 5000)
    for axis in range(3):
        quantum = codes.count_ut(axis, gain, resolution)
        ours = float(frame.field_mt[0, axis]) * 1000
        assert ours == pytest.approx(FIELD_UT[axis], abs=quantum * 1.01)
        assert theirs[axis] == pytest.approx(FIELD_UT[axis], rel=0.01, abs=quantum * 1.01)
        assert ours == pytest.approx(theirs[axis], rel=0.01, abs=quantum * 1.01)
