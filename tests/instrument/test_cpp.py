"""The C++ cases of the instrument's logic, one pytest case each."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[2] / "build" / "tests"
NAMES = [
    "instrument_test",
    "control_test",
    "ladder_test",
    "start_guard_test",
    "loop_watch_test",
    "prefill_test",
    "stages_test",
    "board_program_test",
    "event_log_test",
    "slots_test",
    "udp_link_test",
    "thread_load_test",
    "memory_test",
]


def cases() -> list[tuple[str, str]]:
    found = []
    for program in NAMES:
        listed = subprocess.run([PROGRAMS / program, "--list"], capture_output=True, text=True, check=True)
        found += [(program, case) for case in listed.stdout.split()]
    return found


@pytest.mark.parametrize(("program", "case"), cases())
def test_case(program: str, case: str) -> None:
    result = subprocess.run([PROGRAMS / program, case], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
