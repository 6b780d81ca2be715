"""What 15 K of stage light leave of the empty board, without and with a warm-up before the calibration.

python -m bench.heat [--boards N] [--minutes M] [--night]

`--night`: with what the log of an earlier evening told instead, two hours of play with a rest now and then.
"""

from __future__ import annotations

import argparse

import numpy as np

from tests.support.harsh.heat import lefts
from tests.support.harsh.night import night_lefts


def main() -> None:
    """Prints the worst axis of each board, part of the reach, over another evening of an hour."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=12.0, help="of warm-up")
    parser.add_argument("--night", action="store_true", help="by the log of an evening instead")
    given = parser.parse_args()
    if given.night:
        told = np.array(list(night_lefts(given.boards)))
        found, what = 100.0 * told[:, :2], "log"
        taken = f"{int(told[:, 2].sum())} seconds with a marble on the board were taken for empty"
        print(
            f"{given.boards} boards, an evening of two hours that is played ({taken}), another by 15 K warmer"
        )
    else:
        found, what = 100.0 * np.array(list(lefts(given.boards, given.minutes))), "warm-up"
        print(f"{given.boards} boards, {given.minutes:g} minutes of warm-up, an evening that warms by 15 K")
    for name, off in zip(("without", "with"), found.T, strict=True):
        part = float(np.mean(off <= 1.0))
        spread = (
            f"median {np.median(off):.2f} %, 95 % {np.quantile(off, 0.95):.2f} %, worst {off.max():.2f} %"
        )
        print(f"{name:<8} the {what}: {spread}; within 1 % of the reach: {100 * part:.0f} % of the boards")


if __name__ == "__main__":
    main()
