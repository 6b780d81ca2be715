"""The C++ test programs of the drivers, as built, and once more under the sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("chip_drivers_test", "sensor_array_test", "linux_i2c_bus_test")


@pytest.mark.parametrize("program", PROGRAMS)
def test_program(program: str) -> None:
    result = subprocess.run([ROOT / "build/tests" / program], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("program", PROGRAMS)
def test_program_under_sanitizers(program: str, tmp_path: Path) -> None:
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++")
    assert compiler, "a C++ compiler"
    sources = [ROOT / f"tests/cpp/{program}.cpp", ROOT / "firmware/platform/linux_i2c_bus.cpp"]
    sources += sorted((ROOT / "firmware/chips").glob("*.cpp"))
    flags = ["-std=c++14", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    built = tmp_path / program
    command = [compiler, *flags, f"-I{ROOT}", *map(str, sources), "-o", str(built)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert result.returncode == 0, result.stderr
    result = subprocess.run([built], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
