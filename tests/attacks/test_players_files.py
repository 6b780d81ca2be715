"""Some mutated files of each kind; `python -m bench.attacks SURFACE --minutes N` runs them for hours."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest

from lodestone.takes import take_file
from lodestone.takes.take_file import Event, TakeWriter, read_take
from tests.support.attacks import surfaces

COUNTS = {
    "settings": 400, "conf": 400, "gesture": 100, "calibration": 50, "recording": 30, "take": 60,
    "taught": 200, "midi": 200, "card": 20, "serial": 2, "datagrams": 4, "world": 2, "teaching": 2,
}  # fmt: skip


@pytest.mark.parametrize("surface", surfaces.CASES)
def test_mutated_files_are_taken_or_refused(surface: str) -> None:
    tally: Counter[str] = Counter()
    count = COUNTS[surface]
    surfaces.attack(surface, count, 1, tally)
    assert set(tally) <= {"cases", "refused", "taken"}, tally
    assert tally["cases"] == count
    if surface not in ("serial", "datagrams", "world", "teaching"):  # a damaged line is left out, not refused
        assert tally["refused"] > count // 20  # it does attack
        assert tally["taken"] > 0


def test_a_small_take_of_millions_of_lines_is_read_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_file, "_MOST_LINES", 5000)
    path = tmp_path / "bomb.take"
    with TakeWriter(path, {}) as writer:
        writer.add(Event(0.0, "/frame", (1,)))
    path.write_bytes(path.read_bytes() + gzip.compress(b'[0,"/frame"]\n' * 20_000))
    read = read_take(path)
    assert read.damage is not None
    assert "far more than" in read.damage
    assert len(read.events) < 7000
