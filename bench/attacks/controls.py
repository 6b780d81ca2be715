"""Packets of hosts to a board, mutated, under the sanitizers: an instrument plays on and obeys at the end."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.attacks import Going
from tests.support.attacks import controls

PACKETS = 20_000


def attack(going: Going, seed: int, tally: Counter[str]) -> None:
    """One evening of so many packets after the other as long as it is `going`."""
    program = controls.sanitizing()
    with tempfile.TemporaryDirectory() as folder:
        while going():
            tally["cases"] += PACKETS
            try:
                tally["errors told"] += controls.attack(program, Path(folder), PACKETS, seed)
            except AssertionError as crash:
                print(crash, file=sys.stderr)
                tally["crashes"] += 1
            seed += 1
