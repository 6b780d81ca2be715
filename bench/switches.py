"""A thousand switches between board and host at random moments: `python -m bench.switches [--count N]`.

Prints the largest step of the sound beside the largest that a fade of both can make; exit 1 where it is more.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.support.switches import switch


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Switches between board and host, and whether one clicks.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print("crossfade   switches   changes   deaths   largest step   bound    underruns")
    clicked = False
    for fade_ms in (60, 300):
        with tempfile.TemporaryDirectory(prefix="switches-") as folder:
            found = switch(Path(folder), asked.count, fade_ms=fade_ms, seed=asked.seed)
        clicked = clicked or found.step > found.bound or found.underruns > 0
        row = f"{fade_ms:6} ms {found.count:11} {found.sounded:9} {found.deaths:8}"
        print(f"{row} {found.step:14.5f} {found.bound:8.5f} {found.underruns:10}")
    raise SystemExit(1 if clicked else 0)


if __name__ == "__main__":
    main()
