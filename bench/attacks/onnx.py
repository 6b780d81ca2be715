"""ONNX files of strangers: small graphs of ours, mutated, compiled and played."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

from bench.attacks import Going
from tests.support.attacks import graphs, judged


def attack(going: Going, seed: int, tally: Counter[str]) -> None:
    """As long as it is `going`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "stranger.onnx"
        for data in graphs.cases(seed):
            if not going():
                return
            path.write_bytes(data)
            came = judged.judged(partial(graphs.survive, path), len(data))
            tally.update({"cases": 1, came: 1})
            if came not in ("taken", "refused"):
                kept = Path(tempfile.gettempdir()) / f"attack-{seed}-{tally['cases']}.onnx"
                kept.write_bytes(data)
                print(f"{came}: kept as {kept}", file=sys.stderr)
