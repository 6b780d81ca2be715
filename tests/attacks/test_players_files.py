"""Some mutated files of each kind; `python -m bench.attacks SURFACE --minutes N` runs them for hours."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.attacks import surfaces

COUNTS = {
    "settings": 400, "conf": 400, "gesture": 100, "calibration": 50, "recording": 30, "take": 60,
    "taught": 200, "midi": 200, "card": 20, "serial": 2, "datagrams": 4,
}  # fmt: skip


@pytest.mark.parametrize("surface", surfaces.CASES)
def test_mutated_files_are_taken_or_refused(surface: str) -> None:
    tally: Counter[str] = Counter()
    count = COUNTS[surface]
    surfaces.attack(surface, count, 1, tally)
    assert set(tally) <= {"cases", "refused", "taken"}, tally
    assert tally["cases"] == count
    if surface not in ("serial", "datagrams"):  # a damaged line is left out, not refused
        assert tally["refused"] > count // 20  # it does attack
        assert tally["taken"] > 0
