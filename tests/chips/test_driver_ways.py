"""The ways of Linux's, Zephyr's, RIOT's and an Arduino driver pass against the chip models."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import firmware
from sensors import SensorSettings, default_sensors, sensor_array
from sensors.chips import mlx90393_codes as codes
from sensors.chips.mlx90393_model import Mlx90393Model
from sensors.chips.tmag5273_model import Tmag5273Model
from sensors.settings import ADDRESSES
from sensors.simulation.bus import SimulatedBus, VirtualClock
from tests.chips.driver_ways import WAYS, Player, crc8
from tests.chips.still import StillWorld, still_board

FIELD_UT = (1000.0, -2000.0, 28000.0)


@pytest.mark.parametrize("way", sorted(path.name for path in WAYS.glob("*.way")))
def test_the_way_passes(way: str) -> None:
    assert Player(way).play() > 10


def test_the_checksum_of_the_transcripts_is_a_crc_8() -> None:
    assert (
        crc8(b"123456789") == 0xFB
    )  # the check value that is published for CRC-8 0x07 from 0xFF, not reflected


def test_hallconf_scales_what_is_read_by_98_over_75() -> None:
    assert codes.count_ut(0, 7, 0, 0x0) == pytest.approx(0.196)
    assert codes.count_ut(2, 7, 0, 0x0) == pytest.approx(0.316, abs=3e-4)
    words = []
    for conf in (0x3C, 0x30):
        _, _, bus = still_board((15_000.0, 0.0, 0.0))
        bus.transfer(0x0C, bytes([0x60, 0x00, conf, 0x00]), 1)
        bus.transfer(0x0C, b"\x60\x05\x49\x08", 1)
        bus.transfer(0x0C, b"\x3e", 1)
        bus.clock.now_ns += 4_000_000
        words.append(int.from_bytes(bus.transfer(0x0C, b"\x4e", 3)[1:], "big") - 0x8000)
    assert words[0] / words[1] == pytest.approx(98 / 75, rel=1e-3)


@pytest.mark.parametrize(("osr", "filt"), [(0, 0), (0, 1), (1, 0)])
def test_a_forbidden_filter_reads_nothing_of_the_field(osr: int, filt: int) -> None:
    for hallconf, useless in ((0xC, True), (0x0, False)):
        _, _, bus = still_board((15_000.0, 0.0, 0.0), noise_ut=5.0)
        bus.transfer(0x0C, bytes([0x60, 0x00, 0x30 | hallconf, 0x00]), 1)
        bus.transfer(0x0C, bytes([0x60, 0x05, 0x40 | filt << 2 | osr, 0x08]), 1)
        read = []
        for _ in range(20):
            bus.transfer(0x0C, b"\x3e", 1)
            bus.clock.now_ns += 4_000_000
            read.append(int.from_bytes(bus.transfer(0x0C, b"\x4e", 3)[1:], "big") - 0x8000)
        assert (np.std(read) > 1000) == useless


def test_noise_falls_with_the_time_that_is_averaged() -> None:
    def spread(osr: int, filt: int) -> float:
        _, _, bus = still_board((0.0, 0.0, 0.0), noise_ut=50.0)
        bus.transfer(0x0C, bytes([0x60, 0x05, 0x40 | filt << 2 | osr, 0x08]), 1)
        read = []
        for _ in range(400):
            bus.transfer(0x0C, b"\x3e", 1)
            bus.clock.now_ns += 30_000_000
            read.append(int.from_bytes(bus.transfer(0x0C, b"\x4e", 3)[1:], "big"))
        return float(np.std(read))

    assert spread(0, 2) / spread(2, 4) == pytest.approx(np.sqrt(12.0), rel=0.2)


def frames(array: firmware.SensorArray, bus: SimulatedBus, count: int) -> list[firmware.FieldFrame]:
    taken = []
    for _ in range(count):
        begun = bus.clock.now_us()
        taken.append(array.tick())
        bus.clock.sleep_until_us(begun + 5000)
    return taken


def test_our_driver_clears_what_a_used_chip_remembers() -> None:
    """Offsets, TCMP_EN, another HALLCONF, a forbidden filter: all kept in non-volatile memory."""
    _, chips, bus = still_board(FIELD_UT, noise_ut=5.0)
    for command in (b"\x60\x04\x3f\x04", b"\x60\x00\x30\x00", b"\x60\x00\x00\x08", b"\x60\x23\x00\x10"):
        bus.transfer(0x0D, command, 1)
    bus.transfer(0x0D, b"\xe0", 1)
    chips[1].offset_always = True
    chips[1].brown_out(bus.clock.now_ns)
    array = sensor_array(bus, bus.clock, default_sensors())
    last = frames(array, bus, 40)[-1]
    np.testing.assert_allclose(last.field_mt[1], np.array(FIELD_UT) / 1000, atol=0.03)
    assert last.flags.tolist() == [0] * 4


def test_drift_of_the_chip_shows_and_tcmp_takes_it_back() -> None:
    world = StillWorld(FIELD_UT, codes.TREF_C + 15.0)
    chips = [Mlx90393Model(world, k, 0x0C + k, noise_ut=5.0, drift_per_k=-0.001 * k) for k in range(4)]
    bus = SimulatedBus(chips, VirtualClock())
    last = frames(sensor_array(bus, bus.clock, default_sensors()), bus, 40)[-1]
    for k in range(4):
        assert last.field_mt[k, 2] / 28.0 == pytest.approx(1.0 - 0.015 * k, abs=2e-3)


@pytest.mark.parametrize("moment_us", [0, 500, 1500, 2500, 4000])
def test_a_reset_while_playing_is_healed_whenever_it_comes(moment_us: int) -> None:
    """Between start and read, and while the chip starts up again: written anew, never a wrong word."""
    for kind in ("mlx90393", "tmag5273"):
        world = StillWorld(FIELD_UT)
        model = Mlx90393Model if kind == "mlx90393" else Tmag5273Model
        chips = [model(world, k, ADDRESSES[kind][k], noise_ut=5.0) for k in range(4)]

        class Dip:
            at_ns = 600_000_000 + moment_us * 1000

            def apply(self, bus: SimulatedBus, now_ns: int) -> None:
                if self.at_ns and now_ns >= self.at_ns:
                    self.at_ns = 0
                    bus.chips[2].brown_out(now_ns)

        bus = SimulatedBus(chips, VirtualClock(), faults=Dip())
        settings = [SensorSettings(chip=kind, address=address) for address in ADDRESSES[kind]]
        array = sensor_array(bus, bus.clock, settings)
        taken = frames(array, bus, 250)[100:]
        assert array.health(2).bring_ups == 2, kind
        assert array.health(2).resets == 1, kind
        lost = sum(frame.flags[2] != 0 for frame in taken)
        assert 0 < lost < 40, "less than the 200 ms that are held"
        assert all(frame.valid[2] == 1.0 for frame in taken)
        for frame in taken:
            np.testing.assert_allclose(frame.field_mt[2], np.array(FIELD_UT) / 1000, atol=0.1)


def test_a_result_is_never_read_twice_from_a_slow_tmag5273() -> None:
    world = StillWorld(FIELD_UT)
    chips = [Tmag5273Model(world, k, ADDRESSES["tmag5273"][k], noise_ut=200.0) for k in range(4)]
    chips[0].time_scale = 2.2
    bus = SimulatedBus(chips, VirtualClock())
    array = sensor_array(bus, bus.clock, default_sensors("tmag5273"))
    frames(array, bus, 40)
    counts = [tuple(array.tick().counts[0].tolist()) for _ in range(200)]  # back to back
    assert array.health(0).not_ready > 50
    assert sum(a == b for a, b in pairwise(counts)) == 0


def test_a_tmag5273_that_does_not_trust_itself_is_lost_and_comes_back() -> None:
    world = StillWorld(FIELD_UT)
    chips = [Tmag5273Model(world, k, ADDRESSES["tmag5273"][k]) for k in range(4)]
    bus = SimulatedBus(chips, VirtualClock())
    array = sensor_array(bus, bus.clock, default_sensors("tmag5273"))
    frames(array, bus, 40)
    chips[1].broken_memory = True
    assert frames(array, bus, 300)[-1].valid[1] == 0.0
    chips[1].broken_memory = False
    assert frames(array, bus, 100)[-1].valid.tolist() == [1.0] * 4
