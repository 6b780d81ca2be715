"""What the board keeps on its card, spoiled, under the sanitizers: the firmware starts from it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.attacks import Going
from tests.support.attacks import state_files

ROUNDS = 100


def attack(going: Going, seed: int, tally: Counter[str]) -> None:
    """Hundreds of spoiled folders as long as it is `going`."""
    program = state_files.sanitizing()
    with tempfile.TemporaryDirectory() as folder:
        while going():
            tally["cases"] += ROUNDS
            try:
                taken, refused, came = state_files.attack(program, Path(folder), ROUNDS, seed)
                tally.update({"taken": taken, "refused": refused, "with a plan that came": came})
            except AssertionError as crash:
                print(crash, file=sys.stderr)
                tally["crashes"] += 1
            seed += 1
