"""Calibrates hundreds of imperfect simulated boards and compares their touch: some minutes.

python -m bench.calibration_proof [--boards N] [--gesture NAME] [--height-mm H] [--json]
"""

from __future__ import annotations

import argparse
import json
import sys

from errors import LodestoneError
from tests.support.proof.promises import prove


def main() -> None:
    """Prints the table, or JSON."""
    parser = argparse.ArgumentParser(prog="bench.calibration_proof")
    parser.add_argument("--boards", type=int, default=200, help="how many imperfect boards, at least 2")
    parser.add_argument("--gesture", default="first-sound", help="what is played on all: a name or a file")
    parser.add_argument("--height-mm", type=float, default=3.0, help="sensors off by up to this, 0 to 3")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()

    def progress(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done}/{asked.boards} boards", end="", file=sys.stderr, flush=True)

    found = prove(max(asked.boards, 2), progress, gesture=asked.gesture, tolerance_mm=asked.height_mm)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(json.dumps(found.plain()) if asked.json else "\n".join(found.lines()))


if __name__ == "__main__":
    try:
        main()
    except LodestoneError as error:
        sys.exit(f"bench.calibration_proof: {error}")
