"""Counts a plan's instructions on emulated boards and prints what they mean: `python -m bench.arm PLAN…`.

Builds the engine as the boards do (Debian's cross compilers), runs it in qemu-user with
count_instructions.c, and subtracts a short run from a longer one, so that loading drops out. Two counts of
one plan are identical.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lodestone.errors import LodestoneError
from model_export.compiler.boards import BOARDS, CLASSES, Board, Counts
from model_export.compiler.fit import period_of

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "arm"
COMPILERS = {
    "armv7": ("arm-linux-gnueabihf-g++", "-march=armv7-a -mtune=cortex-a8 -mfpu=neon -mfloat-abi=hard"),
    "aarch64": ("aarch64-linux-gnu-g++", "-mcpu=cortex-a53"),
}
EMULATORS = {"armv7": ("qemu-arm", "cortex-a8"), "aarch64": ("qemu-aarch64", "cortex-a53")}
FLAGS = "-O3 -ffast-math -ftree-vectorize -DNDEBUG -std=c++14 -static"  # as the boards' Makefiles have them


class ArmError(LodestoneError):
    """A cross compiler or emulator that is missing."""


def available(arch: str) -> bool:
    """Whether this machine can build for and emulate the processor."""
    return all(shutil.which(tool) for tool in (COMPILERS[arch][0], EMULATORS[arch][0]))


def build(arch: str) -> Path:
    """The plan player for one processor; made anew when a source is younger."""
    compiler, target = COMPILERS[arch]
    if not available(arch):
        package = compiler.removesuffix("-g++")
        raise ArmError(
            f"{compiler} and {EMULATORS[arch][0]}", "none", f"apt-get install g++-{package} qemu-user"
        )
    sources = [ROOT / "bench" / "run_plan.cpp", *sorted((ROOT / "firmware" / "engine").glob("*.cpp"))]
    headers = (ROOT / "firmware" / "engine").glob("*.h")
    program = BUILD / f"run_plan_{arch}"
    newest = max(p.stat().st_mtime for p in [*sources, *headers])
    if not program.exists() or program.stat().st_mtime < newest:
        BUILD.mkdir(parents=True, exist_ok=True)
        parts, jobs = [], []
        for source in sources:
            parts.append(BUILD / f"{arch}_{source.stem}.o")
            command = [
                compiler,
                *target.split(),
                *FLAGS.split(),
                f"-I{ROOT}",
                "-c",
                str(source),
                "-o",
                str(parts[-1]),
            ]
            jobs.append(subprocess.Popen(command))
            if len(jobs) == 2 and any(job.wait() for job in jobs):
                raise ArmError("a build without errors", f"{compiler} failed", "read its messages above")
            jobs = [] if len(jobs) == 2 else jobs
        if any(job.wait() for job in jobs):
            raise ArmError("a build without errors", f"{compiler} failed", "read its messages above")
        fresh = program.with_suffix(f".{os.getpid()}")
        subprocess.run([compiler, "-static", *map(str, parts), "-o", str(fresh)], check=True)
        fresh.replace(program)
    return program


def play(arch: str, plan: Path, inputs: npt.NDArray[np.float32], calls: int) -> npt.NDArray[np.float32]:
    """All outputs of `calls` calls on the emulated board; `inputs` one call after another."""
    program, (emulator, cpu) = build(arch), EMULATORS[arch]
    given, got = plan.with_suffix(".in"), plan.with_suffix(".out")
    given.write_bytes(np.ascontiguousarray(inputs, "<f4").tobytes())
    command = [emulator, "-cpu", cpu, str(program), str(plan), str(calls), str(given), str(got)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.frombuffer(got.read_bytes(), "<f4")


def count(arch: str, plan: Path) -> Counts:
    """Instructions of one call."""
    program, (emulator, cpu) = build(arch), EMULATORS[arch]
    plugin, source = BUILD / "count_instructions.so", ROOT / "bench" / "count_instructions.c"
    if not plugin.exists() or plugin.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", str(source), "-o", str(plugin)], check=True)
    runs = []
    for calls in (2, 4):
        command = [emulator, "-cpu", cpu, "-plugin", str(plugin), str(program), str(plan), str(calls)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        lines = [line.split() for line in text.splitlines() if line.startswith("count ")]
        runs.append({name: int(number) for _, name, number in lines})
    return Counts(**{name: (runs[1][name] - runs[0][name]) / 2 for name in CLASSES})


def report(board: Board, plan: Path) -> dict[str, object]:
    """Counts and load of one plan on one board."""
    data = plan.read_bytes()
    counts, weight_bytes = count(board.arch, plan), struct.unpack_from("<I", data, 68)[0]
    load = board.load(counts, weight_bytes, period_of(data))
    return {
        "plan": plan.name,
        "board": board.name,
        "processor": board.processor,
        "instructions": counts.total,
        "classes": asdict(counts),
        "weight_bytes": weight_bytes,
        **asdict(load),
    }


def main(arguments: list[str]) -> None:
    """Plans to count; --json."""
    plans = [Path(a) for a in arguments if not a.startswith("--")]
    boards = [BOARDS["bela"], BOARDS["bela-gem"]]
    reports = [report(board, plan) for plan in plans for board in boards]
    if "--json" in arguments:
        print(json.dumps(reports))
        return
    for r in reports:
        print(
            f"{r['plan']:24} {r['processor']:20} {r['instructions']:>12,.0f} instructions a call, "
            f"{100 * r['low']:.0f}-{100 * r['high']:.0f} % of the core"  # type: ignore[operator]
        )


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LodestoneError as error:
        sys.exit(f"bench.arm: {error}")
