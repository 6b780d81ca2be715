"""Packets of each kind from a board, to host, `sensors watch`, `calibrate`, `record`, `teach`, commands."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections import Counter

from bench.attacks import Going
from tests.support.attacks import from_board
from tests.support.attacks.datagrams import PACKETS
from tests.support.attacks.surfaces import HANGS_S


def attack(going: Going, seed: int, tally: Counter[str]) -> None:
    """An evening of every kind in turn as long as it is `going`; counted are the packets of each kind."""
    while going():
        for address, row in from_board.ROWS.items():
            began = time.process_time()
            try:
                from_board.evening(row, random.Random(f"{address} {seed}"))
            except Exception:
                tally["tracebacks"] += 1
                print(f"{address}, seed {seed}", file=sys.stderr)
                traceback.print_exc(limit=-4)
            tally["hangs"] += time.process_time() - began > HANGS_S
            tally.update({"cases": PACKETS, f"{address}": PACKETS})
        seed += 1
