"""What 15 K of stage light leave of the empty board, without and with a warm-up before the calibration.

python -m bench.heat [--boards N] [--minutes M]
"""

from __future__ import annotations

import argparse

import numpy as np

from tests.support.harsh.heat import lefts


def main() -> None:
    """Prints the worst axis of each board, part of the reach, over another evening of an hour."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0, help="of warm-up")
    given = parser.parse_args()
    found = 100.0 * np.array(list(lefts(given.boards, given.minutes)))
    print(f"{given.boards} boards, {given.minutes:g} minutes of warm-up, an evening that warms by 15 K")
    for name, off in zip(("without", "with"), found.T, strict=True):
        part = float(np.mean(off <= 1.0))
        spread = (
            f"median {np.median(off):.2f} %, 95 % {np.quantile(off, 0.95):.2f} %, worst {off.max():.2f} %"
        )
        print(f"{name:<8} the warm-up: {spread}; within 1 % of the reach: {100 * part:.0f} % of the boards")


if __name__ == "__main__":
    main()
