"""Command lines: any verb, values that do not belong, closed pipes, full disks, Ctrl-C."""

from __future__ import annotations

from collections import Counter

from bench.attacks import Going
from tests.support.attacks import command_lines


def attack(going: Going, seed: int, tally: Counter[str]) -> None:
    """Ten cases after ten as long as it is `going`."""
    while going():
        command_lines.attack(10, seed, tally)
        seed += 1
