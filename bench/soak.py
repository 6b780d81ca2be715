"""A rough hour on the board's firmware, faster than real time: `python -m bench.soak [--seconds S]`.

Modes, scenes and knobs change, sensors come and go, packets storm, and every minute or so the core becomes
too slow for its voice. Reports underruns that no slowness explains, memory over time, and delays; exit 1
where one is not as stated.
`--sanitize` plays a build with the address, leak and undefined-behaviour sanitizers, made when needed; what
memory grows to is then theirs, and a leak ends the run.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from tests.support.soak import sanitized, soak
from tests.support.tiny import SIM


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="A rough hour on the board's firmware.")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--sanitize", action="store_true")
    asked = parser.parse_args()
    program = sanitized() if asked.sanitize else SIM
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        found = soak(Path(folder), asked.seconds, program, asked.seed)
    if asked.sanitize:
        found = replace(found, most_growth_kib=1 << 20)
    print(found.table())
    for fault in found.faults:
        print(f"not as stated: {fault}")
    raise SystemExit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
