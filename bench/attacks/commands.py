"""Command lines: any verb, values that do not belong, closed pipes, full disks, Ctrl-C."""

from __future__ import annotations

import time
from collections import Counter

from tests.support.attacks import command_lines


def attack(end: float, seed: int, tally: Counter[str]) -> None:
    """Ten cases after ten until `end` (of `time.monotonic`)."""
    while time.monotonic() < end:
        command_lines.attack(10, seed, tally)
        seed += 1
