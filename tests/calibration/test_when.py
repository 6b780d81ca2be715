"""Whoever reads when a calibration was made reads their own clock."""

from __future__ import annotations

import time

import pytest

from calibration.when import local_words, made_at


@pytest.mark.parametrize(
    ("zone", "words"),
    [("UTC", "03 Jan 2026 19:30"), ("Asia/Tokyo", "04 Jan 2026 04:30"), ("EST5", "03 Jan 2026 14:30")],
)
def test_a_time_is_told_on_the_readers_clock(zone: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert local_words("2026-01-03T19:30:00Z") == words
    finally:
        monkeypatch.undo()
        time.tzset()


def test_what_is_no_time_stays_as_it_is() -> None:
    assert made_at("yesterday") is None
    assert local_words("yesterday") == "yesterday"
