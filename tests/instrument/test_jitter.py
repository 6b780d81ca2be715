"""Wake-ups that come late, as on a Bela Mini: the prefill is found all the same, and nothing is heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.jitter import rough


@pytest.mark.parametrize(("hop", "period", "load"), [(128, 16, 0.3), (512, 100, 0.2), (128, 256, 0.2)])
def test_late_wake_ups_are_not_heard(tmp_path: Path, hop: int, period: int, load: float) -> None:
    """The sound is the voice on its latents, to the bit, while the prefill shrinks to what is needed."""
    came = rough(tmp_path, hop, period, load, jitter_us=500, seconds=15.0)
    assert came.same
    assert came.underruns == 0
    assert came.prefill < 700  # the mean; it begins at 1,024


def test_what_comes_too_late_is_heard(tmp_path: Path) -> None:
    came = rough(tmp_path, 128, 16, 0.3, jitter_us=40_000, seconds=3.0)
    assert came.underruns > 0
    assert not came.same
