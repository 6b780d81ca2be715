"""Each hardness of the virtual board's core by its name: what it takes from a program that trusts its board.

And that the old kindness hides it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from sensors.simulation import BoardServer, Fault, SimulatedBoard
from tests.support.hard_core import BELA_H, PROBE, Core, build, header_lines
from tests.virtual_board.machine import NowBoard


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    return Core(build(tmp_path_factory.mktemp("core"), [PROBE], "-DIS_AM62"))


def both(core: Core, switch: str, probe: str, *options: str) -> tuple[str, str]:
    """What a hard core and one that is kind in this way make of the probe."""
    core.be_kind()
    hard = core.says(probe, *options)
    core.be_kind(switch)
    return hard, core.says(probe, *options)


@pytest.mark.parametrize(
    ("switch", "probe", "options", "hard", "kind"),
    [
        ("lost-wake-ups", "asks-once", (), "never runs", "runs"),
        ("busy", "twice", (), "EBUSY, and lost", "both are heard"),
        ("batch-rate", "rate", ("--board", "Batch", "-r", "48000"), "44100 Hz", "48000 Hz"),
        ("thread-clock", "own-time", (), "missed", "counted"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_kindness_hides_its_defect(
    core: Core, switch: str, probe: str, options: tuple[str, ...], hard: str, kind: str
) -> None:
    assert both(core, switch, probe, *options) == (hard, kind)


def test_one_program(core: Core) -> None:
    """As the self-test of old, beside the version that plays."""
    core.be_kind("names")
    plays = core.folder / "run" / "bela-audio.pid"
    plays.unlink(missing_ok=True)  # of an earlier program
    with core.start("stays") as playing:
        wait_for(plays)
        refused = core.says("plays", "--board", "Batch")
        core.be_kind("names", "one-program")
        allowed = core.says("plays", "--board", "Batch")
        playing.terminate()
    assert (refused, allowed) == ("Error: unable to initialise audio", "plays")


def test_names(core: Core) -> None:
    core.be_kind("one-program")
    taken = core.folder / "run" / "task-names" / "probe"
    taken.unlink(missing_ok=True)  # of an earlier program
    with core.start("stays") as playing:
        wait_for(taken)
        time.sleep(0.2)  # it is there, and locked right after that
        refused = core.says("name")
        core.be_kind("one-program", "names")
        allowed = core.says("name")
        playing.terminate()
    assert (refused, allowed) == ("refused", "created")


def test_priorities_and_secondary(core: Core) -> None:
    hard, kind = both(core, "priorities", "priorities")
    if hard == "all alike":
        pytest.skip("this machine permits no SCHED_FIFO; tests/instrument/test_hard_evening.py has the order")
    assert (hard, kind) == ("in order", "all alike")
    with sensors(core):
        assert both(core, "secondary", "calls-linux") == ("falls behind", "keeps its place")


def test_bus_timeout(core: Core) -> None:
    with sensors(core, Fault("hang", 0.0, 1e5, 0)):
        hard, kind = both(core, "bus-timeout", "hangs")
    assert microseconds(hard) > 990_000
    assert microseconds(kind) < 500_000


def test_bus_speed(core: Core) -> None:
    """Three bytes with their acknowledges are 27 bits, at 1 kHz: a busy machine too tells that from none."""
    with sensors(core, bit_rate_hz=1000):
        core.be_kind("bus-speed")
        kind = min(microseconds(core.says("reads")) for _ in range(3))
        core.be_kind()
        assert microseconds(core.says("reads")) >= 27_000
        assert kind < 27_000


def test_offline_flag(tmp_path: Path) -> None:
    """A program that asks for a flag of August 2020."""
    source = tmp_path / "old.cpp"
    source.write_text(
        "#include <Bela.h>\nbool Offline(BelaContext* c) { return c->flags & BELA_FLAG_OFFLINE; }\n"
    )
    for kindness, compiles in (((), False), (("offline-flag",), True)):
        include = tmp_path / f"include-{compiles}"
        include.mkdir()
        (include / "Bela.h").write_text(header_lines(kindness))
        command = ["g++", "-std=c++14", "-fsyntax-only", f"-I{include}", str(source)]
        assert (subprocess.run(command, capture_output=True).returncode == 0) is compiles
    assert (BELA_H / "Bela.h").is_file()


def sensors(core: Core, *faults: Fault, bit_rate_hz: float = 400_000) -> BoardServer:
    """Simulated sensors behind the bus of the core's board, by the clock on the wall."""
    world = NowBoard(SimulatedBoard("empty", seed=3, faults=faults, bit_rate_hz=bit_rate_hz))
    return BoardServer(world, core.folder / "run" / "sensor-bus")  # type: ignore[arg-type]


def microseconds(said: str) -> int:
    number, unit = said.split()
    assert unit == "us"
    return int(number)


def wait_for(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.02)
