"""Counts a plan's instructions on emulated boards and prints what they mean, a column for each compiler.

    python -m bench.arm [PLAN…] [--capacity N[,N…]] [--design NAME] [--quantised] [--functions]
                        [--compilers FOLDER] [--json]

The engine runs in qemu-user with count_instructions.c; a short run is subtracted from a longer one, so that
loading drops out. Two counts of one plan are identical. `--capacity` makes plans of decoders with random
weights: v2, or a design of a low hop; with `--quantised` in w8a16 as far as 38 dB allow. `--functions` tells
what the engine's functions take of a call on a Bela.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from errors import LodestoneError
from model_export.compiler.boards import BOARDS, Board
from model_export.compiler.fit import period_of
from model_export.compiler.plan_reader import read_header
from tests.support.arm import count, count_functions
from tests.support.arm_builds import BUILD, ROOT, ArmError, Compiler, compilers, default_compiler
from tests.support.synthetic_topologies import LOW_HOP

RANDOM_WEIGHTS_DB = 38.0  # what quantised voices with random weights must hold; trained ones hold more


def report(board: Board, plan: Path, compiler: Compiler) -> dict[str, object]:
    """Counts and load of one plan on one board, built by one compiler."""
    data = plan.read_bytes()
    counts, weight_bytes = count(compiler, plan), read_header(data)["weight_bytes"]
    period = period_of(data)
    load = board.load(counts, weight_bytes, period)
    return {
        "plan": plan.name,
        "board": board.name,
        "processor": board.processor,
        "compiler": compiler.name,
        "instructions": counts.total,
        "instructions_per_second": counts.total / period,
        "classes": asdict(counts),
        "weight_bytes": weight_bytes,
        **asdict(load),
    }


def synthetic_plan(capacity: int, quantised: bool, design: str = "v2") -> Path:
    """The plan of a decoder with random weights; kept until the code that makes it changes."""
    path = BUILD / f"{design}-{capacity}{'-w8a16' if quantised else ''}.plan"
    makers = [*(ROOT / "model_export").rglob("*.py"), *(ROOT / "tests" / "support").glob("synthetic*.py")]
    if path.exists() and path.stat().st_mtime > max(p.stat().st_mtime for p in makers):
        return path
    from model_export.compiler import compile_plan
    from model_export.quantise import quantise
    from tests.support.synthetic import decoder, low_hop

    model = decoder(capacity) if design == "v2" else low_hop(design, capacity)
    if quantised:
        print(f"quantising capacity {capacity}: a second per capacity", file=sys.stderr)
        model = quantise(model, "w8a16", RANDOM_WEIGHTS_DB).model
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(compile_plan(model))
    return path


def _print(reports: list[dict[str, object]]) -> None:
    names = list(dict.fromkeys(str(r["compiler"]) for r in reports))
    head = "M instructions a call and second, share of the core"
    print(f"{head:52}" + "".join(f"{name:>26}" for name in names))
    for plan, board in dict.fromkeys((str(r["plan"]), str(r["board"])) for r in reports):
        row = {r["compiler"]: r for r in reports if (r["plan"], r["board"]) == (plan, board)}
        line = f"{plan:34}{next(iter(row.values()))['processor']!s:18}"
        for name in names:
            r = row.get(name)
            line += f"{_cell(r) if r else '':>26}"
        print(line)


def _cell(r: dict[str, object]) -> str:
    call, second = r["instructions"] / 1e6, r["instructions_per_second"] / 1e6  # type: ignore[operator]
    return f"{call:.3f} {second:5.0f}  {100 * r['low']:.0f}-{100 * r['high']:.0f} %"  # type: ignore[operator]


def _print_functions(plan: Path, compiler: Compiler) -> None:
    names = shutil.which("c++filt")
    counted = count_functions(compiler, plan)
    total = sum(counted.values())
    print(f"\n{plan.name}, {compiler.name} for {compiler.arch}: {total:.0f} instructions a call")
    for name, number in sorted(counted.items(), key=lambda item: -item[1]):
        if number < total / 200:
            break
        plain = name
        if names:
            plain = subprocess.run([names, name], check=True, capture_output=True, text=True).stdout.strip()
        print(f"{number:10.0f} {100 * number / total:5.1f} %  {plain[:110]}")


def main(arguments: list[str]) -> None:
    """Counts what the command line names."""
    parser = argparse.ArgumentParser(prog="bench.arm")
    parser.add_argument("plans", nargs="*", type=Path, help="compiled plans")
    parser.add_argument("--capacity", default="", help="decoders to make: 32,64")
    parser.add_argument("--design", default="v2", choices=["v2", *LOW_HOP], help="of those decoders")
    parser.add_argument("--quantised", action="store_true", help="those in w8a16")
    parser.add_argument("--functions", action="store_true", help="what each function takes")
    parser.add_argument("--compilers", type=Path, help="folder of bench.board_compilers")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    plans = [*asked.plans]
    capacities = [int(c) for c in asked.capacity.split(",") if c]
    plans += [synthetic_plan(c, asked.quantised, asked.design) for c in capacities]
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
    if asked.functions:
        for plan in plans:
            _print_functions(plan, default_compiler("armv7"))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LodestoneError as error:
        sys.exit(f"bench.arm: {error}")
