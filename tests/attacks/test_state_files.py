"""A spoiled state folder costs neither the start nor the sound; `python -m bench.attacks state` under the
sanitizers."""

from __future__ import annotations

from pathlib import Path

from tests.support.attacks import state_files


def test_the_board_starts_from_any_state_folder(tmp_path: Path) -> None:
    taken, refused, came = state_files.attack(state_files.PLAIN, tmp_path, 60, 3)
    assert min(taken, refused) > 12
    assert came > 3
