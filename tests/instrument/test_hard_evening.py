"""Rough minutes with every hardness that time has a part in, faster than real time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.hard_evening import LOOPS, as_stated, play

MINUTES = 1.5


@pytest.mark.slow
def test_rough_minutes_on_a_hard_board(tmp_path: Path) -> None:
    """One and a half here; `python -m bench.hard_evening` plays ten."""
    evening = play(tmp_path, MINUTES * 60.0)
    assert as_stated(evening) == []
    assert evening.hangs
    assert len(evening.rates()) > 60


def test_a_slow_bus_gives_what_it_can_and_loses_nothing(tmp_path: Path) -> None:
    evening = play(tmp_path, 60.0, bus_hz=100_000)
    assert [evening.loops[loop] for loop in LOOPS] == [True] * 3
    assert evening.underruns_at_s == []
    assert np.mean(evening.rates()) >= 125.0  # of 129 to 186 without a voice that has the core first


def test_a_kind_scheduler_hides_that_touch_loses_to_the_voice(tmp_path: Path) -> None:
    """Frames are unevener where the voice has the core first; with a core for each thread nobody sees it."""
    hard = np.median(play(tmp_path / "hard", 15.0).jitter_us())
    kind = np.median(play(tmp_path / "kind", 15.0, hard=False).jitter_us())
    assert hard > 2000
    assert kind < 500
