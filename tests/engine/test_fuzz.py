"""Mutated plans under the address and undefined-behaviour sanitizers: an error or a run, never a crash."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from model_export.compiler import compile_plan
from model_export.quantise import quantise
from tests.support.synthetic import decoder

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def fuzzer() -> Path:
    program = ROOT / "build" / "plan_fuzz_sanitized"
    sources = [
        ROOT / "tests" / "cpp" / "plan_fuzz.cpp",
        *sorted((ROOT / "firmware" / "engine").glob("*.cpp")),
    ]
    newest = max(p.stat().st_mtime for p in [*sources, *(ROOT / "firmware" / "engine").glob("*.h")])
    if not program.exists() or program.stat().st_mtime < newest:
        flags = ["-std=c++14", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        subprocess.run(["g++", *flags, f"-I{ROOT}", *map(str, sources), "-o", str(program)], check=True)
    return program


@pytest.mark.parametrize("precision", ["fp32", "w8a16", "w8a8"])
def test_mutated_plans(fuzzer: Path, precision: str, tmp_path: Path) -> None:
    model = decoder(4)
    path = tmp_path / "voice.plan"
    path.write_bytes(compile_plan(model if precision == "fp32" else quantise(model, precision).model))
    done = subprocess.run(
        [fuzzer, path, "1500", "7"], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    refused, ran = (int(part.split()[0]) for part in done.stdout.split(", "))
    assert refused > 100
    assert ran > 100
