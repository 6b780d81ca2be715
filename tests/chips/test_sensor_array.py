"""The firmware's sensor array over the simulated bus: rate, values, holding, fading, coming back."""

from __future__ import annotations

import numpy as np
import pytest

import firmware
from sensors import Flag, SensorError, SensorSettings, default_sensors, sensor_array
from sensors.simulation.bus import SimulatedBus
from tests.chips.still import still_board

PERIOD_US = 5000


def ticks(array: firmware.SensorArray, bus: SimulatedBus, count: int) -> list[firmware.FieldFrame]:
    """`count` frames at 200 Hz of virtual time."""
    frames = []
    for _ in range(count):
        begun = bus.clock.now_us()
        frames.append(array.tick())
        bus.clock.sleep_until_us(begun + PERIOD_US)
    return frames


def playing(noise_ut: float = 5.0) -> tuple[firmware.SensorArray, SimulatedBus, list]:
    _, chips, bus = still_board((1000.0, -2000.0, 28000.0), noise_ut=noise_ut)
    array = sensor_array(bus, bus.clock, default_sensors())
    frames = ticks(array, bus, 100)
    assert frames[-1].valid.tolist() == [1.0] * 4
    return array, bus, chips


def test_field_counts_and_temperature() -> None:
    array, bus, _ = playing()
    frame = ticks(array, bus, 1)[0]
    np.testing.assert_allclose(frame.field_mt, [[1.0, -2.0, 28.0]] * 4, atol=0.03)
    np.testing.assert_allclose(frame.counts[0], [1000 / 1.5, -2000 / 1.5, 28000 / 2.42], atol=15)
    np.testing.assert_allclose(frame.temperature_c, 25.0, atol=0.05)
    assert frame.flags.tolist() == [0] * 4


@pytest.mark.parametrize(("overhead_us", "wanted_hz"), [(0.0, 200.0), (150.0, 180.0)])
def test_frames_per_second(overhead_us: float, wanted_hz: float) -> None:
    _, _, bus = still_board((0.0, 0.0, 0.0), noise_ut=5.0, overhead_us=overhead_us)
    array = sensor_array(bus, bus.clock, default_sensors())
    ticks(array, bus, 100)
    begun = bus.clock.now_us()
    for _ in range(400):
        array.tick()
    assert 400e6 / (bus.clock.now_us() - begun) >= wanted_hz


def test_time_stamp_is_the_middle_of_the_conversions() -> None:
    array, bus, _ = playing()
    begun = bus.clock.now_us()
    frame = array.tick()
    # starts end 100, 200, 300, 400 µs after the beginning; each conversion takes 3321 µs at most
    assert frame.time_us - begun == pytest.approx((100 + 400 + 3321) / 2, abs=10)


def test_an_unplugged_sensor_is_held_then_fades_then_returns() -> None:
    array, bus, chips = playing()
    chips[2].present = False
    lost = ticks(array, bus, 300)
    assert all(frame.flags[2] & Flag.LOST for frame in lost)
    weight = np.array([frame.valid[2] for frame in lost])
    assert np.all(weight[:39] == 1.0)
    assert weight[41] < 1.0
    assert np.all(np.diff(weight) <= 0.0)
    assert np.max(-np.diff(weight)) < 0.0051
    assert weight[241] == 0.0
    assert all(frame.valid[k] == 1.0 for frame in lost for k in (0, 1, 3))
    np.testing.assert_allclose(lost[-1].field_mt[2], [1.0, -2.0, 28.0], atol=0.03)
    chips[2].brown_out(0)
    chips[2].present = True
    back = ticks(array, bus, 100)
    good = [index for index, frame in enumerate(back) if not frame.flags[2] & Flag.LOST]
    assert good[0] * PERIOD_US < 200_000
    assert back[good[0] + 61].valid[2] == 1.0


def test_a_brown_out_is_seen_and_repaired() -> None:
    array, bus, chips = playing()
    chips[1].brown_out(0)
    frames = ticks(array, bus, 20)
    assert frames[0].flags[1] & Flag.RESET
    assert not frames[-1].flags[1]
    assert array.health(1).resets == 1
    assert sum(1 for frame in frames if frame.flags[1]) <= 7, "back within 35 ms"
    for frame in frames:
        np.testing.assert_allclose(frame.field_mt[1], [1.0, -2.0, 28.0], atol=0.03)
        assert frame.valid[1] == 1.0


def test_a_stuck_bus_is_cleared() -> None:
    array, bus, _ = playing()
    bus.stuck = True
    frames = ticks(array, bus, 40)
    assert array.stats.bus_recoveries == 1
    assert not any(frames[-1].flags)
    assert min(frame.valid.min() for frame in frames) == 1.0


def test_frozen_words_are_a_fault_until_they_move() -> None:
    array, bus, chips = playing()
    chips[0].frozen = True
    frames = ticks(array, bus, 400)
    assert frames[60].flags[0] & Flag.FROZEN
    assert frames[-1].flags[0] & Flag.FROZEN
    assert frames[-1].valid[0] == 0.0
    chips[0].frozen = False
    assert not ticks(array, bus, 30)[-1].flags[0] & (Flag.FROZEN | Flag.LOST)


def test_a_slow_chip_is_waited_for() -> None:
    array, bus, chips = playing()
    chips[0].time_scale = 1.2
    frames = ticks(array, bus, 20)
    assert not any(frame.flags[0] for frame in frames)
    assert array.health(0).not_ready > 0


def test_saturation_is_flagged_by_axis() -> None:
    _, _, bus = still_board((0.0, 60000.0, -90000.0), noise_ut=5.0)
    array = sensor_array(bus, bus.clock, default_sensors())
    frame = ticks(array, bus, 30)[-1]
    assert frame.flags[0] == Flag.SATURATED | Flag.SATURATED_Y | Flag.SATURATED_Z
    assert frame.counts[0, 1] == 0x7FFF
    assert frame.counts[0, 2] == -0x8000


def test_one_flipped_bit_does_not_come_through() -> None:
    array, bus, chips = playing()
    chips[0].flip_bits = 0x4000
    frames = ticks(array, bus, 5)
    assert array.health(0).outliers == 1
    assert max(abs(float(frame.field_mt[0, 0]) - 1.0) for frame in frames) < 0.03


def test_a_real_leap_comes_through_one_frame_later() -> None:
    world, _, bus = still_board((0.0, 0.0, 0.0), noise_ut=5.0)
    array = sensor_array(bus, bus.clock, default_sensors())
    ticks(array, bus, 100)
    world.field_ut = (30000.0, 0.0, 0.0)
    leap = [float(frame.field_mt[0, 0]) for frame in ticks(array, bus, 3)]
    assert leap[0] < 0.03
    assert leap[1] == pytest.approx(30.0, abs=0.03)


def test_mounting_turns_the_axes() -> None:
    _, _, bus = still_board((1000.0, 2000.0, 3000.0), noise_ut=5.0)
    settings = [SensorSettings(address=0x0C + k, axes=(-2, 1, 3)) for k in range(4)]
    array = sensor_array(bus, bus.clock, settings)
    frame = ticks(array, bus, 30)[-1]
    np.testing.assert_allclose(frame.field_mt[0], [-2.0, 1.0, 3.0], atol=0.03)
    np.testing.assert_allclose(frame.counts[0], [667, 1333, 1240], atol=15)


def test_another_chip_than_the_calibrated_one_is_said() -> None:
    _, chips, bus = still_board((0.0, 0.0, 0.0), noise_ut=5.0)
    settings = [SensorSettings(address=0x0C + k, identity=chips[k].tref) for k in range(4)]
    array = sensor_array(bus, bus.clock, settings)
    assert not any(ticks(array, bus, 30)[-1].flags)
    chips[1].present = False
    ticks(array, bus, 10)
    chips[1].tref += 30
    chips[1].brown_out(0)
    chips[1].present = True
    assert ticks(array, bus, 60)[-1].flags.tolist() == [0, Flag.WRONG, 0, 0]


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ([SensorSettings(address=0x0C)] * 4, "same address"),
        ([SensorSettings(address=0x0C + k, resolution=(0, 2, 2)) for k in range(4)], "resolution"),
        ([SensorSettings(address=0x0C + k, gain_sel=8) for k in range(4)], "gain_sel"),
        ([SensorSettings(address=0x0C + k, gain_sel=300) for k in range(4)], "0 to 7"),
        ([SensorSettings(address=0x0C + k, oversampling=0, filter=1) for k in range(4)], "oversampling"),
        ([SensorSettings(address=0x0C + k, axes=(1, 1, 3)) for k in range(4)], "axes"),
        ([SensorSettings(address=0x0C + k, chip="lis3mdl") for k in range(4)], "driver"),
        (list(default_sensors())[:3], "four"),
    ],
)
def test_settings_that_cannot_be_used(settings: list[SensorSettings], word: str) -> None:
    _, _, bus = still_board((0.0, 0.0, 0.0))
    with pytest.raises(SensorError, match=word):
        sensor_array(bus, bus.clock, settings)


def test_an_error_of_the_python_bus_passes_through() -> None:
    class Broken:
        def transfer(self, address: int, write: bytes, read_bytes: int) -> bytes:
            raise KeyError("a mistake in the bus")

        def recover(self) -> bool:
            return True

    _, _, bus = still_board((0.0, 0.0, 0.0))
    with pytest.raises(KeyError):
        sensor_array(Broken(), bus.clock, default_sensors()).tick()
