"""Mutated files of the surface `gesture`: each is taken, or refused in one line."""

from __future__ import annotations

import time
from collections import Counter

from tests.support.attacks import players_files


def attack(end: float, seed: int, tally: Counter[str]) -> None:
    """Fifty cases after fifty until `end` (of `time.monotonic`)."""
    while time.monotonic() < end:
        players_files.attack("gesture", 50, seed, tally)
        seed += 1
