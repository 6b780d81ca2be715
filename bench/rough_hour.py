"""A rough hour with the automatic prefill: `python -m bench.rough_hour [--seconds S] [--jitter-us US]`.

Simulated time: voices of three hops with the load that they have on a Bela Mini, each wake-up of a thread up
to half a millisecond late. Wanted: no underrun, and a sound that is the voice on its latents to the bit,
whatever the prefill does. Exit 1 otherwise.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.support.jitter import rough

VOICES = ((2048, 0.08), (512, 0.15), (128, 0.12))
"""Hop, and the share of a core."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="A rough hour with the automatic prefill.")
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--jitter-us", type=int, default=500)
    parser.add_argument("--period", type=int, default=16)
    parser.add_argument("--hop", type=int, choices=[hop for hop, _ in VOICES], help="one voice alone")
    asked = parser.parse_args()
    holds = True
    print("hop    load   underruns   to the bit   prefill, mean   simulated seconds a second")
    for hop, load in VOICES:
        if asked.hop not in (None, hop):
            continue
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="rough-") as folder:
            came = rough(Path(folder), hop, asked.period, load, asked.jitter_us, asked.seconds)
        holds = holds and came.same and came.underruns == 0
        row = f"{hop:4} {100 * load:5.0f} % {came.underruns:11} {'yes' if came.same else 'no':>12}"
        speed = asked.seconds / (time.monotonic() - begun)
        print(f"{row} {came.prefill:15.0f} {speed:28.1f}", flush=True)
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
