"""The chip model as a driver sees it: status bytes, modes, memory, faults; bytes traced elsewhere."""

from __future__ import annotations

import pytest

from firmware import BusNak
from sensors.chips import mlx90393_codes as codes
from sensors.chips.mlx90393_model import Mlx90393Model
from sensors.simulation.bus import SimulatedBus, VirtualClock
from tests.chips.still import StillWorld

FIELD = (1000.0, -2000.0, 3000.0)
RECOMMENDED = (b"\x60\x00\x3c\x00", b"\x60\x00\x00\x04", b"\x60\x05\x49\x08")


class Wire:
    """One chip and short words for its transfers."""

    def __init__(self, **options: object) -> None:
        self.world = StillWorld(FIELD)
        self.chip = Mlx90393Model(self.world, 0, 0x0C, noise_ut=0.0, tref=0xB668, **options)  # type: ignore[arg-type]
        self.bus = SimulatedBus([self.chip], VirtualClock())

    def ask(self, write: str, count: int = 1) -> str:
        return self.bus.transfer(0x0C, bytes.fromhex(write), count).hex(" ")

    def reset(self) -> None:
        assert self.ask("f0") in ("07", "03")
        self.wait(2000)

    def wait(self, microseconds: float) -> None:
        self.bus.clock.now_ns += round(microseconds * 1000)

    def configure(self) -> None:
        for command in RECOMMENDED:
            self.bus.transfer(0x0C, command, 1)


def test_the_trace_of_a_published_driver() -> None:
    wire = Wire()
    assert wire.ask("80") == "07"
    assert wire.ask("f0") == "07"
    with pytest.raises(BusNak):
        wire.ask("50 90", 3)  # it starts up
    wire.wait(2000)
    assert wire.ask("50 90", 3) == "00 b6 68"
    assert wire.ask("50 08", 3) == "00 00 00"
    assert wire.ask("60 05 49 08") == "03"
    assert wire.ask("60 00 3c 00") == "03"
    assert wire.ask("3e") == "23"
    wire.wait(1.1 * codes.conversion_us(1, 2))
    assert wire.ask("4e", 7) == "02 82 9a 7a ca 84 d7"
    assert wire.ask("31") == "23"
    wire.wait(2000)
    assert wire.ask("41", 3) == "00 b4 a4"


def test_reading_before_it_is_ready() -> None:
    wire = Wire()
    wire.configure()
    wire.ask("3e")
    wire.wait(codes.conversion_us(1, 2) - 200)
    assert wire.ask("4e", 7) == "32" + " ff" * 6
    wire.wait(50)
    assert wire.ask("4e", 7).startswith("02 82 9a")
    assert wire.ask("4e", 7) == "12" + " ff" * 6, "the data are gone when they are read"


def test_a_not_ready_measurement_that_is_not_flagged() -> None:
    wire = Wire(first_unflagged=True)
    wire.reset()
    wire.configure()
    wire.ask("3e")
    assert wire.ask("4e", 7) == "22 80 00 80 00 80 00"
    wire.ask("80")
    wire.ask("3e")
    assert wire.ask("4e", 7).startswith("32"), "only the first time after a reset"


def test_modes_exclude_each_other() -> None:
    wire = Wire()
    wire.reset()
    wire.configure()
    assert wire.ask("3e") == "23"
    assert wire.ask("3e") == "13", "rejected, its mode bit not shown"
    assert wire.ask("80") == "03"
    assert wire.ask("1e") == "83"
    assert wire.ask("50 00", 3) == "90 ff ff", "no register can be read in burst"
    assert wire.ask("60 00 00 00") == "93"
    assert wire.ask("80") == "03"
    assert wire.ask("2e") == "43"


def test_burst_repeats() -> None:
    wire = Wire()
    wire.reset()
    wire.configure()
    wire.bus.transfer(0x0C, b"\x60\x00\x01\x04", 1)  # every 20 ms
    wire.ask("1e")
    wire.wait(codes.conversion_us(1, 2))
    assert wire.ask("4e", 7).startswith("82 82 9a")
    assert wire.ask("4e", 7).startswith("92 ff")
    wire.world.field_ut = (2000.0, 0.0, 0.0)
    wire.wait(20_000)
    assert wire.ask("4e", 7).startswith("82 85 35")


def test_an_empty_selection_means_burst_sel() -> None:
    wire = Wire()
    wire.reset()
    wire.configure()
    wire.bus.transfer(0x0C, b"\x60\x00\x80\x04", 1)  # BURST_SEL = x
    assert wire.ask("30") == "23"
    wire.wait(3000)
    assert wire.ask("40", 3) == "00 82 9a"


def test_memory_store_recall_and_brown_out() -> None:
    wire = Wire()
    wire.ask("60 00 2c 00")
    wire.ask("e0")
    wire.ask("60 00 7c 00")
    assert wire.ask("d0") == "03"
    assert wire.ask("50 00", 3) == "00 00 2c", "recalled from non-volatile memory"
    wire.ask("60 00 7c 00")
    wire.chip.brown_out(0)
    wire.wait(2000)
    assert wire.ask("50 00", 3) == "04 00 2c", "RS is told once"
    assert wire.ask("50 00", 3) == "00 00 2c"
    wire.ask("60 12 34 90")
    assert wire.ask("50 90", 3) == "00 b6 68", "TREF cannot be written"


@pytest.mark.parametrize("command", ["90", "a0", "70", "60 00", "60 00 00 00 00", "50"])
def test_commands_that_are_none(command: str) -> None:
    wire = Wire()
    wire.reset()
    assert int(wire.ask(command), 16) & codes.STATUS_ERROR


def test_an_uncorrectable_memory_error() -> None:
    wire = Wire()
    wire.chip.broken_memory = True
    assert wire.ask("80") == "17"
    assert int(wire.ask("3e"), 16) & codes.STATUS_ERROR
    assert wire.ask("50 00", 3).endswith("ff ff")


def test_reads_beyond_the_answer_and_an_absent_chip() -> None:
    wire = Wire()
    wire.reset()
    assert wire.ask("00", 4) == "03 ff ff ff"
    assert wire.ask("", 2) == "ff ff"
    wire.chip.present = False
    with pytest.raises(BusNak):
        wire.ask("80")


@pytest.mark.parametrize(
    ("write", "read", "microseconds"),
    [(1, 1, 100.0), (1, 7, 235.0), (1, 9, 280.0), (4, 1, 167.5), (2, 0, 75.0)],
)
def test_bus_time_to_the_bit(write: int, read: int, microseconds: float) -> None:
    """9 bits a byte with its address bytes, start, repeated start, stop and idle, 2.5 µs each."""
    wire = Wire()
    wire.bus.transfer(0x0C, b"\0" * write, read)
    assert wire.bus.clock.now_ns == microseconds * 1000


def test_clock_stretching_counts() -> None:
    wire = Wire()
    wire.chip.stretch_ns = 3000
    wire.bus.transfer(0x0C, b"\x00", 1)
    assert wire.bus.clock.now_ns == 100_000 + 4 * 3000
