"""Some command lines of nonsense; `python -m bench.attacks commands --minutes N` runs them for hours."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.support.attacks.command_lines import Case, attack, commands, run


def test_nonsense_is_refused_in_a_line() -> None:
    tally: Counter[str] = Counter()
    attack(15, 2, tally)
    assert set(tally) <= {"cases", "refused", "taken"}, tally
    assert tally["refused"] > 7


def test_every_verb_is_drawn() -> None:
    assert {("play",), ("calibration", "undo"), ("sensors", "watch")} <= {words for words, _ in commands()}


def test_a_disk_that_is_full_and_a_reader_that_is_gone_end_in_no_traceback() -> None:
    for stream in ("full", "closed"):
        came, told = run(Case(("osc",), stream, False, 60.0))
        assert came == "refused", told
    came, told = run(Case(("osc",), "ascii", False, 60.0))
    assert came == "taken", told


@pytest.mark.parametrize(
    "words",
    [
        ("card", "pipe.onnx"),
        ("compile", "huge.onnx"),
        ("export", "pipe.ts", "-o", "voice.onnx"),
        ("calibration", "show", "/dev/zero"),
        ("render", "pipe"),
        ("sensors", "watch", "--bus", "replay:pipe"),
    ],
)
def test_what_never_ends_is_refused_before_it_is_read(words: tuple[str, ...]) -> None:
    came, told = run(Case(words, "file", False, 20.0))
    assert came == "refused", told
    assert "plain file" in told or "at most" in told


def test_closed_streams_and_no_home_are_no_hindrance() -> None:
    for home in ("not set", "nowhere", "a file"):
        came, told = run(Case(("osc",), "none", False, 60.0, home))
        assert came == "taken", told
