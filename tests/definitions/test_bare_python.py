"""Headers are made while a wheel is built, where no package is installed yet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 reads TOML with a package")
def test_the_definitions_want_nothing_but_python() -> None:
    command = [sys.executable, "-S", "-m", "definitions", "json", "osc"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
