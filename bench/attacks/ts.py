"""TorchScript files of strangers: bombs with seed 1, then mutations of the voices that ship."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from functools import partial
from pathlib import Path

from bench.attacks import Going
from tests.support.attacks import judged, scripts


def attack(going: Going, seed: int, tally: Counter[str]) -> None:
    """As long as it is `going`."""
    voices = [scripts.real(name) for name in ("v2_causal", "v1_noise")]
    dice = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stranger.ts"

        def case(name: str, data: bytes) -> None:
            path.write_bytes(data)
            began = time.monotonic()
            came = judged.judged(partial(scripts.survive, path), len(data))
            tally.update({"cases": 1, came: 1})
            if came not in ("taken", "refused"):
                kept = Path(tempfile.gettempdir()) / f"attack-{seed}-{tally['cases']}.ts"
                kept.write_bytes(data)
                print(
                    f"{name}: {came} after {time.monotonic() - began:.1f} s, kept as {kept}", file=sys.stderr
                )

        for name, data in scripts.bombs() if seed == 1 else ():
            case(name, data)
        while going():
            case("mutated", scripts.mutated(dice.choice(voices), dice))
