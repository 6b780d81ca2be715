"""Starts of the whole firmware, each with other wake-ups: `python -m bench.starts [--starts 10000]`.

Each start has a seed, by which every task comes to its first wait at once or up to 50 ms late; as on a Bela,
a wake-up before that is lost. Counts the starts that ended without touch, OSC or files; exit 1 where there is
one. How many starts lost a wake-up says how hard they were: a program that asks for its loops only once would
have ended without one in each of those.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.support.starts import Starts, start
from tests.support.tiny import image


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Starts of the whole firmware, each with other wake-ups.")
    parser.add_argument("--starts", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=1, help="Seed of the first one.")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="starts-") as folder:
        found = start(image(Path(folder)), Path(folder), range(asked.first, asked.first + asked.starts))
    print(table(found))
    print(f"in {time.monotonic() - began:.0f} s")
    raise SystemExit(0 if found.good else 1)


def table(found: Starts) -> str:
    """For a terminal."""
    lines = [f"starts                      {found.starts}"]
    lines += [f"in which a wake-up was lost {found.hard}"]
    for loop, seeds in found.without.items():
        which = f", seeds {', '.join(map(str, seeds[:5]))}" if seeds else ""
        lines.append(f"ended without {loop:13} {len(seeds)}{which}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
