"""Mutated plans, checksums mended, under the sanitizers: the engine, and the instrument on top of it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.attacks import Going
from tests.support.attacks import plans

# Small plans are mutated more often: a hundred of them take as long as one of a decoder.
ROUNDS = {"loops": 5000, "voice": 5000, "fp32": 200, "w8a16": 200, "w8a8": 200}


def attack(going: Going, seed: int, tally: Counter[str]) -> None:
    """Mutates every plan of the corpus in turn as long as it is `going`."""
    program = plans.fuzzer()
    with tempfile.TemporaryDirectory() as folder:
        corpus = list(plans.corpus(Path(folder)))
        while going():
            for path in corpus:
                rounds = ROUNDS[path.stem]
                try:
                    refused, ran, parts = plans.attack(program, path, rounds, seed)
                except AssertionError as crash:
                    print(crash, file=sys.stderr)
                    tally["crashes"] += 1
                    continue
                tally.update(cases=rounds, refused=refused, taken=ran, played=parts)
                seed += 1
