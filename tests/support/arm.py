"""Counts a plan's instructions on emulated boards, and plays it there.

The engine runs in qemu-user with bench/count_instructions.c; a short run is subtracted from a longer one, so
that loading drops out. Two counts of one plan are identical.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model_export.compiler.boards import CLASSES, Counts
from model_export.compiler.plan_reader import read_header
from tests.support.arm_builds import BUILD, ROOT, Compiler, emulated

MOST_CALLS = 64  # counted over: at a low hop, kept rows are moved once in many


def count(compiler: Compiler, plan: Path) -> Counts:
    """Instructions of one call, by class: the mean of some, once the first ones are over."""
    each = _counted(compiler, plan, "count")
    return Counts(**{name: each[name] for name in CLASSES})


def count_functions(compiler: Compiler, plan: Path) -> dict[str, float]:
    """Instructions of one call, by the function they are in (as the linker names it)."""
    return _counted(compiler, plan, "function")


def _counted(compiler: Compiler, plan: Path, kind: str) -> dict[str, float]:
    plugin, source = BUILD / "count_instructions.so", ROOT / "bench" / "count_instructions.c"
    if not plugin.exists() or plugin.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", str(source), "-o", str(plugin)], check=True)
    header = read_header(plan.read_bytes())
    block = header["hop"] * header["frames"]
    more = min(MOST_CALLS, max(2, 8192 // block)) if 0 < block < 1024 else 2
    runs = []
    for calls in (2, 2 + more):
        command = [*emulated(compiler, "-plugin", str(plugin)), str(plan), str(calls)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        lines = [line.split() for line in text.splitlines() if line.startswith(f"{kind} ")]
        runs.append({name: int(number) for _, name, number in lines})
    return {name: (number - runs[0].get(name, 0)) / more for name, number in runs[1].items()}


def play(
    compiler: Compiler, plan: Path, inputs: npt.NDArray[np.float32], calls: int
) -> npt.NDArray[np.float32]:
    """All outputs of `calls` calls on the emulated board; `inputs` one call after another."""
    given, got = plan.with_suffix(".in"), plan.with_suffix(".out")
    given.write_bytes(np.ascontiguousarray(inputs, "<f4").tobytes())
    command = [*emulated(compiler), str(plan), str(calls), str(given), str(got)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.frombuffer(got.read_bytes(), "<f4")
