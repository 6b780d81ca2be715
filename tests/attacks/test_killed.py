"""Killed before any file operation, every writer leaves the old file or the new one, never neither."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.kills import killed

HERE = Path(__file__).parent
LEAST = {
    "WriteText": 6,
    "WriteKept": 10,
    "TakeBack": 5,
    "Calibrate": 10,
    "Undo": 5,
    "Redo": 8,
    "FreshFolder": 12,
    "Compile": 6,
    "RecordTake": 6,
}
"""Operations at which each is killed at least: a counter that counts nothing would prove nothing.

`python -m bench.kills` kills the slower ones too: export, `ts`, build, play, voices.
"""


@pytest.fixture(scope="session")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preloaded counter, built."""
    return killed.shim(tmp_path_factory.mktemp("shim"))


@pytest.mark.skipif(sys.platform != "linux", reason="preloading as Linux does it")
def test_killed_before_any_operation_leaves_the_old_or_the_new(shim: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.kills.killed", *LEAST],
        env={**os.environ, "LD_PRELOAD": str(shim), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        cwd=HERE.parents[1],
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    counted = dict(line.split() for line in done.stdout.splitlines())
    assert {name: int(counted[name]) >= least for name, least in LEAST.items()} == dict.fromkeys(
        LEAST, True
    ), counted
