"""A running engine allocates nothing, takes no lock and calls no system function; and the guard would
notice.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from model_export.compiler import compile_plan
from model_export.quantise import quantise
from tests.support.synthetic import decoder

GUARD = Path(__file__).parents[2] / "build" / "tests" / "engine_guard"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the guard uses Linux's seccomp")


def guard(plan: Path, *offence: str) -> int:
    return subprocess.run([GUARD, plan, "5", *offence], check=False, timeout=60).returncode


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guard") / "voice.plan"
    path.write_bytes(compile_plan(decoder(8)))
    return path


def test_a_running_engine_meets_no_trap(plan: Path) -> None:
    assert guard(plan) == 0


@pytest.mark.parametrize("precision", ["w8a16", "w8a8"])
def test_nor_does_one_with_integers(precision: str, tmp_path: Path) -> None:
    path = tmp_path / "voice.plan"
    path.write_bytes(compile_plan(quantise(decoder(4), precision).model))
    assert guard(path) == 0


@pytest.mark.parametrize(
    ("offence", "code"), [("malloc", 10), ("aligned", 10), ("lock", 11), ("syscall", -signal.SIGSYS)]
)
def test_the_traps_work(plan: Path, offence: str, code: int) -> None:
    assert guard(plan, offence) == code
