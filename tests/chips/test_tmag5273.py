"""The TMAG5273: its model read by somebody else's driver and by ours, and in the array."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from sensors import SensorSettings, default_sensors, open_source, sensor_array
from sensors.chips.tmag5273_model import Tmag5273Model
from sensors.settings import ADDRESSES as FACTORY
from sensors.simulation.bus import SimulatedBus, VirtualClock
from tests.chips.independent_mlx90393 import DuckBus
from tests.chips.still import StillWorld

ADDRESSES = FACTORY["tmag5273"]
FIELD_UT = (12_340.0, -23_450.0, 34_560.0)


def board(
    *, twice: bool = False, noise_ut: float = 0.0
) -> tuple[StillWorld, list[Tmag5273Model], SimulatedBus]:
    world = StillWorld(FIELD_UT, 31.0)
    chips = [Tmag5273Model(world, k, ADDRESSES[k], noise_ut=noise_ut, twice=twice) for k in range(4)]
    return chips, SimulatedBus(chips, VirtualClock())


def independent_driver(bus: SimulatedBus) -> Any:
    import adafruit_tmag5273 as theirs

    def sleep(seconds: float) -> None:
        bus.clock.now_ns += round(seconds * 1e9)

    module: Any = sys.modules[theirs.__name__]
    module.time = types.SimpleNamespace(sleep=sleep)
    return theirs.TMAG5273(DuckBus(bus))


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("wide", [False, True])
def test_both_drivers_read_the_field(twice: bool, wide: bool) -> None:
    chips, bus = board(twice=twice)
    theirs = independent_driver(bus)
    theirs.mag_tempco = 0  # theirs makes up for a magnet of neodymium, ours in the calibration
    theirs.xy_range_wide = theirs.z_range_wide = wide
    bus.clock.now_ns += 20_000_000
    field, temperature = theirs.magnetic, theirs.temperature
    chips[0].brown_out(0)
    settings = [SensorSettings(chip="tmag5273", address=address, wide_range=wide) for address in ADDRESSES]
    array = sensor_array(bus, bus.clock, settings)
    for _ in range(20):
        frame = array.tick()
        bus.clock.sleep_until_us(bus.clock.now_us() + 5000)
    quantum = (133.0 if twice else 40.0) * (2 if wide else 1) / 2048
    for axis in range(3):
        assert float(frame.field_mt[0, axis]) == pytest.approx(FIELD_UT[axis] / 1000, abs=quantum)
        assert field[axis] / 1000 == pytest.approx(FIELD_UT[axis] / 1000, abs=quantum)
        assert float(frame.field_mt[0, axis]) == pytest.approx(field[axis] / 1000, abs=1e-3)
    assert temperature == pytest.approx(31.0, abs=0.02)
    np.testing.assert_allclose(frame.temperature_c, 31.0, atol=0.02)


def test_a_brown_out_is_noticed_at_once() -> None:
    chips, bus = board(noise_ut=20.0)
    array = sensor_array(bus, bus.clock, default_sensors("tmag5273"))
    for _ in range(30):
        array.tick()
        bus.clock.sleep_until_us(bus.clock.now_us() + 3000)
    chips[2].brown_out(0)
    frames = []
    for _ in range(30):
        frames.append(array.tick())
        bus.clock.sleep_until_us(bus.clock.now_us() + 3000)
    assert array.health(2).resets == 1
    assert sum(1 for frame in frames if frame.flags[2]) <= 5
    assert frames[-1].flags.tolist() == [0] * 4
    for frame in frames:
        np.testing.assert_allclose(frame.field_mt[2], np.array(FIELD_UT) / 1000, atol=0.2)


def test_a_performance_with_the_second_chip() -> None:
    with open_source("sim:first-sound?seed=1&chip=tmag5273") as source:
        frames = [frame for frame, _ in zip(source, range(2000), strict=False)]
    with open_source("sim:first-sound?seed=1") as source:
        others = [frame for frame, _ in zip(source, range(2000), strict=False)]
    a = np.array([frame.field_mt for frame in frames[200:]])
    b = np.array([frame.field_mt for frame in others[200:]])
    assert np.abs(np.median(a - b, axis=0)).max() < 0.05
    assert not any(frame.flags.any() for frame in frames[100:])
