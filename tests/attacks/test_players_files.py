"""Some mutated files of each kind; `python -m bench.attacks SURFACE --minutes N` runs them for hours."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.attacks.players_files import attack


@pytest.mark.parametrize(("surface", "count"), [("settings", 400), ("conf", 400), ("gesture", 100)])
def test_mutated_files_are_taken_or_refused(surface: str, count: int) -> None:
    tally: Counter[str] = Counter()
    attack(surface, count, 1, tally)
    assert set(tally) <= {"cases", "refused", "taken"}, tally
    assert tally["refused"] > count // 10  # it does attack
    assert tally["cases"] == count
