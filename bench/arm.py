"""Counts a plan's instructions on emulated boards and prints what they mean, a column for each compiler.

    python -m bench.arm [PLAN…] [--capacity N[,N…]] [--quantised] [--compilers FOLDER] [--json]

The engine runs in qemu-user with count_instructions.c; a short run is subtracted from a longer one, so that
loading drops out. Two counts of one plan are identical. `--capacity` makes plans of v2 decoders with random
weights (bench.synthetic), with `--quantised` in w8a16 as far as 38 dB allow.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.arm_builds import BUILD, ROOT, ArmError, Compiler, compilers, default_compiler, emulated
from lodestone.errors import LodestoneError
from model_export.compiler.boards import BOARDS, CLASSES, Board, Counts
from model_export.compiler.fit import period_of
from model_export.compiler.plan_reader import read_header

RANDOM_WEIGHTS_DB = 38.0  # what quantised voices with random weights must hold; trained ones hold more


def count(compiler: Compiler, plan: Path) -> Counts:
    """Instructions of one call."""
    plugin, source = BUILD / "count_instructions.so", ROOT / "bench" / "count_instructions.c"
    if not plugin.exists() or plugin.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", str(source), "-o", str(plugin)], check=True)
    runs = []
    for calls in (2, 4):
        command = [*emulated(compiler, "-plugin", str(plugin)), str(plan), str(calls)]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        lines = [line.split() for line in text.splitlines() if line.startswith("count ")]
        runs.append({name: int(number) for _, name, number in lines})
    return Counts(**{name: (runs[1][name] - runs[0][name]) / 2 for name in CLASSES})


def play(
    compiler: Compiler, plan: Path, inputs: npt.NDArray[np.float32], calls: int
) -> npt.NDArray[np.float32]:
    """All outputs of `calls` calls on the emulated board; `inputs` one call after another."""
    given, got = plan.with_suffix(".in"), plan.with_suffix(".out")
    given.write_bytes(np.ascontiguousarray(inputs, "<f4").tobytes())
    command = [*emulated(compiler), str(plan), str(calls), str(given), str(got)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.frombuffer(got.read_bytes(), "<f4")


def report(board: Board, plan: Path, compiler: Compiler) -> dict[str, object]:
    """Counts and load of one plan on one board, built by one compiler."""
    data = plan.read_bytes()
    counts, weight_bytes = count(compiler, plan), read_header(data)["weight_bytes"]
    load = board.load(counts, weight_bytes, period_of(data))
    return {
        "plan": plan.name,
        "board": board.name,
        "processor": board.processor,
        "compiler": compiler.name,
        "instructions": counts.total,
        "classes": asdict(counts),
        "weight_bytes": weight_bytes,
        **asdict(load),
    }


def synthetic_plan(capacity: int, quantised: bool) -> Path:
    """The plan of a v2 decoder with random weights; kept until the code that makes it changes."""
    path = BUILD / f"capacity-{capacity}{'-w8a16' if quantised else ''}.plan"
    makers = [*(ROOT / "model_export").rglob("*.py"), *(ROOT / "bench").glob("synthetic*.py")]
    if path.exists() and path.stat().st_mtime > max(p.stat().st_mtime for p in makers):
        return path
    from bench.synthetic import decoder
    from model_export.compiler import compile_plan
    from model_export.quantise import quantise

    model = decoder(capacity)
    if quantised:
        print(f"quantising capacity {capacity}: a second per capacity", file=sys.stderr)
        model = quantise(model, "w8a16", RANDOM_WEIGHTS_DB).model
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compile_plan(model))
    return path


def _print(reports: list[dict[str, object]]) -> None:
    names = list(dict.fromkeys(str(r["compiler"]) for r in reports))
    print(f"{'M instructions a call, share of the core':44}" + "".join(f"{name:>20}" for name in names))
    for plan, board in dict.fromkeys((str(r["plan"]), str(r["board"])) for r in reports):
        row = {r["compiler"]: r for r in reports if (r["plan"], r["board"]) == (plan, board)}
        line = f"{plan:26}{next(iter(row.values()))['processor']!s:18}"
        for name in names:
            r = row.get(name)
            line += f"{_cell(r) if r else '':>20}"
        print(line)


def _cell(r: dict[str, object]) -> str:
    return f"{r['instructions'] / 1e6:.2f}  {100 * r['low']:.0f}-{100 * r['high']:.0f} %"  # type: ignore[operator]


def main(arguments: list[str]) -> None:
    """Counts what the command line names."""
    parser = argparse.ArgumentParser(prog="bench.arm")
    parser.add_argument("plans", nargs="*", type=Path, help="compiled plans")
    parser.add_argument("--capacity", default="", help="v2 decoders to make: 32,64")
    parser.add_argument("--quantised", action="store_true", help="those in w8a16")
    parser.add_argument("--compilers", type=Path, help="folder of bench.board_compilers")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    plans = [*asked.plans]
    plans += [synthetic_plan(int(c), asked.quantised) for c in asked.capacity.split(",") if c]
    if not plans:
        raise ArmError("plans or --capacity", "neither", "name what to count")
    reports = []
    for board in (BOARDS["bela"], BOARDS["bela-gem"]):
        default_compiler(board.arch)  # says what is missing
        reports += [report(board, p, c) for p in plans for c in compilers(board.arch, asked.compilers)]
    if asked.json:
        print(json.dumps(reports))
    else:
        _print(reports)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LodestoneError as error:
        sys.exit(f"bench.arm: {error}")
