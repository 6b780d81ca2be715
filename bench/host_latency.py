"""From a packet to the host's sound, by loop-back: `python -m bench.host_latency [--seconds S] [--hop N]`.

`lodestone host` plays into a null sink with default settings; its voice is a wire that sounds its latent.
A packet with a jump is sent at random moments, and the sink's monitor tells when the jump was played, at the
latest. Wanted on average: half a hop + 15 ms; the wire has no delay of its own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from tests.support.loop_back import RATE, measure
from tests.support.null_sink import MISSING, null_sink

ALLOWED_S = 0.015


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="From a packet to the host's sound, by loop-back.")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--hop", type=int, action="append")
    asked = parser.parse_args()
    if MISSING:
        raise SystemExit(
            f"wanted a null sink, got no {', '.join(MISSING)}: install Debian's pulseaudio-utils"
        )
    late = False
    print("hop     packets   mean ms   95 % ms   worst ms   wanted ms")
    with tempfile.TemporaryDirectory(prefix="lodestone-") as name, null_sink(Path(name)) as sink:
        for hop in asked.hop or [512, 2048]:
            way = measure(sink, Path(name), hop, asked.seconds)
            took = way.took_s
            wanted = hop / 2 / RATE + ALLOWED_S
            late = late or bool(took.mean() > wanted)
            row = f"{hop:5} {len(took):9} {1e3 * took.mean():9.1f} {1e3 * np.quantile(took, 0.95):9.1f}"
            print(f"{row} {1e3 * took.max():10.1f} {1e3 * wanted:11.1f}", flush=True)
            parts = ", ".join(f"{name} {ms:.1f}" for name, ms in way.parts_ms.items())
            print(f"      counted on the way, ms: {parts}; {way.drop_outs} drop-outs", flush=True)
    raise SystemExit(1 if late else 0)


if __name__ == "__main__":
    main()
