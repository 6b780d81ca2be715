"""`python -m bench.attacks SURFACE [--minutes N | --cases N]`: refusals, crashes, tracebacks, hangs."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

import bench.attacks
from lodestone.ending import ended_by_kill
from tests.support.attacks import surfaces

BAD = ("crashes", "tracebacks", "hangs", "over memory", "silent changes", "refusals of several lines")
COLUMNS = ("cases", "refused", "taken", "crashes", "tracebacks", "hangs", "over memory")


def main(arguments: list[str]) -> int:
    """Attacks one surface; the exit status is 1 where anything but a refusal or a run came of a case."""
    others = [m.name for m in iter_modules(bench.attacks.__path__) if not m.name.startswith("_")]
    parser = argparse.ArgumentParser(prog="bench.attacks")
    parser.add_argument("surface", choices=sorted([*surfaces.CASES, *others]))
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--cases", type=int, help="so many, however long it takes")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    tally: Counter[str] = Counter()
    began = time.monotonic()

    def going() -> bool:
        if asked.cases:
            return tally["cases"] < asked.cases
        return time.monotonic() < began + 60 * asked.minutes

    try:
        with ended_by_kill():
            if asked.surface in others:
                import_module(f"bench.attacks.{asked.surface}").attack(going, asked.seed, tally)
            seed = asked.seed
            while asked.surface not in others and going():
                surfaces.attack(asked.surface, 50, seed, tally)
                seed += 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    names = [*COLUMNS, *sorted(set(tally) - {*COLUMNS})]
    print(f"{asked.surface}, {(time.monotonic() - began) / 60:.1f} minutes, seed {asked.seed}")
    for name in names:
        print(f"  {name:14}{tally[name]:>12,}")
    return 1 if any(tally[name] for name in BAD) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
