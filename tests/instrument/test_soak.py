"""Short soaks; the hour is `python -m bench.soak`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import soak


def test_minutes_of_trouble_are_explained_and_leave_no_memory_behind(tmp_path: Path) -> None:
    found = soak.soak(tmp_path, 240.0)
    assert found.faults == []
    assert found.underruns >= 3
    assert found.rungs >= 4
    assert found.scenes > 20


@pytest.mark.slow
def test_the_sanitizers_see_no_leak_and_no_undefined_behaviour(tmp_path: Path) -> None:
    found = soak.soak(tmp_path, 60.0, soak.sanitized())
    assert replace(found, most_growth_kib=1 << 20).faults == []
    assert found.rungs >= 2


def test_a_soak_that_went_wrong_says_so() -> None:
    good = soak.Soak(60.0, 5.0, 4, (), 3.0, 2, 5, 5000, 5100, 80.0, 82.0)
    assert good.faults == []
    assert "unexplained" in replace(good, unexplained=(12.5,)).faults[0]
    assert "memory grew" in replace(good, last_kib=6000).faults[0]
    assert "the delay" in replace(good, measured_ms=100.0).faults[0]
