"""Packets of hosts to a board, mutated: `tests/cpp/control_fuzz.cpp` plays an instrument that hears them."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from tests.support.attacks.datagrams import packets_from
from tests.support.attacks.plans import ROOT, sanitized

PLAIN = ROOT / "build" / "tests" / "control_fuzz"
"""As every build makes it; `sanitizing` is stricter and must be made first."""
LONGEST = 1400


def sanitizing() -> Path:
    """The same program with the sanitizers. Raises CalledProcessError."""
    rooms = (ROOT / "firmware" / "instrument", ROOT / "firmware" / "osc")
    sources = [path for room in rooms for path in sorted(room.glob("*.cpp")) if path.stem != "engine_parts"]
    return sanitized("control_fuzz", sources, "-O2")


def attack(program: Path, folder: Path, count: int, seed: int) -> int:
    """How many errors the board told of `count` packets. AssertionError where it breaks."""
    packets = packets_from("host", random.Random(f"controls {seed}"), count, "board")
    kept = folder / f"packets-{seed}"
    kept.write_bytes(b"".join(len(p[:LONGEST]).to_bytes(2, "big") + p[:LONGEST] for p in packets))
    done = subprocess.run(
        [str(program), str(kept)], capture_output=True, text=True, timeout=3600, check=False
    )
    assert done.returncode == 0, f"seed {seed}: {done.returncode}\n{done.stderr[-2000:]}"
    kept.unlink()
    heard, told = (int(part.split()[0]) for part in done.stdout.split(", "))
    assert heard == count
    return told
