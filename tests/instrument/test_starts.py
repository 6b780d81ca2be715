"""A slice of the adversarial starts; all 10,000 are `python -m bench.starts`."""

from __future__ import annotations

from pathlib import Path

from tests.support.starts import start
from tests.support.tiny import image


def test_no_start_ends_without_touch_osc_or_files(tmp_path: Path) -> None:
    found = start(image(tmp_path), tmp_path, range(20_001, 20_201))
    assert found.starts == 200
    assert found.good, found.without
    assert found.hard > 150  # the orders are as bad as they can be
