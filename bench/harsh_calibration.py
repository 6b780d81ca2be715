"""The tables of calibration without kindness: boards against each other, faults against the verdict.

python -m bench.harsh_calibration [--boards N] [--minutes M] [--box MAGNETS] [--table] [--faults]
"""

from __future__ import annotations

import argparse
import time

from tests.support.harsh.boards import DOCS, FOLLOWED, SIDEWAYS, STACKS
from tests.support.harsh.bound import bound_lines
from tests.support.harsh.faults import FAULTS
from tests.support.harsh.table import HEAD, Row, add_board, summary, try_faults

WORKSHOPS = {
    "tolerances of the docs": DOCS,
    "+ sideways 1.5 mm, 7°, cross 1 %": SIDEWAYS,
    "+ stacks, poles held": STACKS,
    "+ stacks, poles follow (physics)": FOLLOWED,
}


def rows(boards: int, box: int, until_s: float) -> list[Row]:
    """Of the table: the same boards in each, as many as are done by then on the monotonic clock."""
    print(HEAD)
    table = [Row(name) for name in WORKSHOPS]
    for seed in range(boards):
        if seed > 1 and time.monotonic() > until_s:
            break
        for row, workshop in zip(table, WORKSHOPS.values(), strict=True):
            add_board(row, workshop, seed, box=box)
    return table


def main() -> None:
    """Prints the tables that were asked for; both by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=50, help="of each workshop")
    parser.add_argument("--minutes", type=float, default=1e9, help="the table then has what is done")
    parser.add_argument("--box", type=int, default=0, help="which magnets")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--faults", action="store_true")
    given = parser.parse_args()
    if given.table or not given.faults:
        for row in rows(given.boards, given.box, time.monotonic() + 60.0 * given.minutes):
            print(row.line(), flush=True)
            for words in row.not_ready:
                print("    ", words)
        for line in bound_lines(SIDEWAYS, min(given.boards, 20)):
            print(line)
    if given.faults or not given.table:
        outcomes = []
        for outcome in try_faults(500, SIDEWAYS, FAULTS):
            outcomes.append(outcome)
            print(outcome.line(), flush=True)
        print(summary(outcomes))


if __name__ == "__main__":
    main()
