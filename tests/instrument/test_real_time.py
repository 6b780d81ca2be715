"""render() under a guard, and long rough evenings."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from lodestone.image import ROOT
from sensors.simulation import SimulatedBoard
from tests.support.rough import RoughEvening
from tests.support.tiny import Run, image, play, scene, with_sister

GUARD = ROOT / "build" / "tests" / "render_guard"
SOAK_S = float(os.environ.get("LODESTONE_SOAK_SECONDS", "240"))


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evening")
    plans = folder / "p"
    made = [
        with_sister(scene(plans, "one", work=64), work=16),
        scene(plans, "two", hop=2048, channels=2),
        scene(plans, "three", pitch=0.005),
    ]
    return image(folder, *made, frame_rate=50)


def rough(folder: Path, made: Path, seconds: float, *program: str | Path) -> tuple[Run, RoughEvening]:
    board = SimulatedBoard("free-play", seed=3)
    outside = RoughEvening(board, seconds, scenes=3)
    run = play(
        folder, made, "--period", "512", seconds=seconds, board=board, outside=outside, program=program
    )
    return run, outside


@pytest.mark.parametrize(
    ("offence", "code"), [("malloc", 10), ("aligned", 10), ("lock", 11), ("syscall", -signal.SIGSYS)]
)
def test_the_guard_bites(evening: Path, offence: str, code: int) -> None:
    command = [GUARD, offence, evening, "--bus", "i2c:/dev/i2c-none", "--seconds", "0.5"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == code


def test_the_guard_lets_a_quiet_board_play(evening: Path) -> None:
    command = [GUARD, evening, "--bus", "i2c:/dev/i2c-none", "--seconds", "0.5"]
    assert subprocess.run(command, capture_output=True, timeout=60).returncode == 0


@pytest.mark.slow
def test_render_never_allocates_locks_or_calls_the_system_in_a_rough_evening(
    tmp_path: Path, evening: Path
) -> None:
    run, outside = rough(tmp_path, evening, SOAK_S, GUARD)
    assert run.stats["underruns"] == 0
    assert run.stats["commands_obeyed"] > SOAK_S / 4
    assert run.stats["commands_dropped"] > SOAK_S * 20
    assert len({m["sounding"] for m in run.stats["modes"]}) == 3
    assert len({index for index, *_ in run.latents}) == 3
    assert not [at for at, _ in outside.packets if at < SOAK_S - 1.0]


def test_nor_does_it_on_the_ladder(tmp_path: Path, evening: Path) -> None:
    slow = ("--voice-slice-us", "800", "--voice-slow", "2,5,60", "--log", str(tmp_path / "log"))
    run = play(tmp_path / "run", evening, *slow, seconds=22.0, program=(GUARD,))
    assert run.stats["underruns"] >= 1
    log = (tmp_path / "log").read_text()
    assert [f"rung {rung}" in log for rung in (0, 1, 2)] == [True, True, True]
