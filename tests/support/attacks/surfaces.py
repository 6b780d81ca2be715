"""All surfaces whose cases run in this process, and the attack on one of them."""

from __future__ import annotations

import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable

from errors import LodestoneError
from tests.support.attacks import datagrams, kept_files, players_files

CASES: dict[str, Callable[[random.Random], str]] = {
    **players_files.CASES,
    **kept_files.CASES,
    "datagrams": datagrams.case,
    "world": datagrams.world,
    "teaching": datagrams.teaching,
}
HANGS_S = 20.0


def attack(surface: str, count: int, seed: int, tally: Counter[str]) -> None:
    """`count` cases of a surface; what came of each is counted, and what should not told with its number."""
    for number in range(count):
        tally["cases"] += 1
        began = time.process_time()
        try:
            came = CASES[surface](random.Random(f"{surface} {seed} {number}"))
        except LodestoneError as error:
            came = "refused" if _is_one_line(str(error)) else "refusals of several lines"
        except kept_files.SilentHarmError as harm:
            came = "silent changes"
            print(f"{surface} {seed} {number}: {harm}", file=sys.stderr)
        except Exception:
            came = "tracebacks"
            print(f"{surface} {seed} {number}", file=sys.stderr)
            traceback.print_exc(limit=-3)
        tally["hangs" if time.process_time() - began > HANGS_S else came] += 1


def _is_one_line(text: str) -> bool:
    return len(text.splitlines()) == 1 and len(text) < 1200
