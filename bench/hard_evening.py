"""Rough minutes, in virtual time, on a board as hard as the real one: `python -m bench.hard_evening`.

`--minutes` says how many. Prints underruns, frames a second and times in which a chip held the bus; exit 1
where one is not as docs/board.md says.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from tests.support.hard_evening import as_stated, play


def main() -> None:
    """Prints what came of it."""
    parser = argparse.ArgumentParser(description="Rough minutes on a hard board.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hard-evening-") as folder:
        evening = play(Path(folder), 60.0 * asked.minutes, seed=asked.seed)
    print(f"underruns                          {len(evening.underruns_at_s)}")
    print(f"times in which a chip held the bus {len(evening.hangs)}")
    print(f"frames a second, mean              {statistics.mean(evening.rates()):.1f}")
    faults = as_stated(evening)
    for fault in faults:
        print(f"not as stated: {fault}")
    raise SystemExit(1 if faults else 0)


if __name__ == "__main__":
    main()
