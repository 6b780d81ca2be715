"""The rehearsal: it asks and waits as on stage, takes no early key, offers only what can be done."""

from __future__ import annotations

import io
import os
import pty
import select
import tty
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from rich.console import Console

from calibration.capture.hand_clock import MOST_S, MOST_SPOTS_S, HandClock, hand_seconds
from calibration.capture.one_spot_step import SECONDS, one_spot_step
from calibration.capture.procedure import EMPTY, FREE_PLAY, SELF_CHECK, record
from calibration.capture.sources import open_simulated
from calibration.capture.spot_steps import SPOT_SECONDS, spot_steps
from calibration.capture.steps import Choice
from calibration.errors import CalibrationError
from calibration.screen.terminal import TerminalWatcher, forget_keys
from calibration.session import Silent
from calibration.stretch import FrameLike

REFUSED = CalibrationError("a still board", "a moving one", "wait")


@dataclass
class Stage:
    """A console whose answers are given; what was asked is kept."""

    answers: list[str]
    asked: list[str] = field(default_factory=list)

    def watcher(self, monkeypatch: pytest.MonkeyPatch) -> TerminalWatcher:
        console = Console(file=io.StringIO(), width=100)

        def answer(question: str) -> str:
            self.asked.append(question)
            return self.answers.pop(0)

        monkeypatch.setattr(console, "input", answer)
        return TerminalWatcher(console, ask=True)


def test_keys_that_were_pressed_before_the_question_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    player, stage = pty.openpty()
    tty.setraw(stage)
    with os.fdopen(stage, "r") as stdin, os.fdopen(player, "w") as keys:
        monkeypatch.setattr("sys.stdin", stdin)
        keys.write("s\n")
        keys.flush()
        assert select.select([stdin], [], [], 5.0)[0]
        forget_keys()
        assert not select.select([stdin], [], [], 0.0)[0]


@pytest.mark.parametrize("may_skip", [True, False])
def test_only_what_can_be_skipped_is_offered(may_skip: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(["s", "s"])
    watcher = stage.watcher(monkeypatch)
    step = replace(EMPTY, may_skip=may_skip)
    assert watcher.begin(step) is (Choice.SKIP if may_skip else Choice.GO)
    assert watcher.again(step, REFUSED) is (Choice.SKIP if may_skip else Choice.REPEAT)
    assert all(("skip" in question) == may_skip for question in stage.asked)


def test_the_spot_before_can_be_done_again_and_one_key_a_spot_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage = Stage(["", "r"])
    watcher = stage.watcher(monkeypatch)
    first, second = spot_steps()[:2]
    assert watcher.begin(first) is Choice.GO
    assert watcher.end(first, "heard") is Choice.GO
    assert watcher.begin(second) is Choice.BACK
    assert len(stage.asked) == 2


def test_the_simulated_hand_takes_its_time_where_somebody_watches() -> None:
    let: list[float] = []

    def pace(frames: Iterable[FrameLike]) -> Iterator[FrameLike]:
        for frame in frames:
            let.append(frame.time_s)
            yield frame

    for step in (EMPTY, FREE_PLAY, spot_steps()[0]):
        let.clear()
        with open_simulated(1, pace=pace)(step) as source:
            assert "sensors" in source.info
            frames = iter(source)
            first, second = next(frames), next(frames)
        assert let == [first.time_s, second.time_s]


def test_two_minutes_and_one_more_for_the_spots() -> None:
    """By the clock of the simulated hand, read while the steps are done."""
    clock = HandClock(Silent())
    open_step = open_simulated(1)
    made = record(open_step, clock, ball_mm=15.0)
    assert made.spots is not None
    clock.begin(one_spot_step(15.0))
    assert 60.0 < clock.steps_s + SECONDS < MOST_S
    assert 16.0 < clock.spots_s < MOST_SPOTS_S
    assert SPOT_SECONDS >= 1.0
    listened = sum(step.seconds for step in (SELF_CHECK, EMPTY, FREE_PLAY))
    hand = sum(hand_seconds(step) for step in (SELF_CHECK, EMPTY, FREE_PLAY, one_spot_step(15.0)))
    assert clock.steps_s == pytest.approx(listened + hand, abs=0.1)
    print(clock.words())
