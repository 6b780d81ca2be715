"""A board that is too slow for its voice: down to a smaller voice and the held sound, and back up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from tests.support.tiny import RATE, Run, image, play, scene, with_sister

HOP = 2048
SLICE_US = 1000
WHOLE, SMALL = 176, 48  # operations: 12 and 4 slices of 16, so 12 and 4 ms of the 23 that the prefill leaves


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ladder")
    whole = scene(folder / "p", "one", hop=HOP, work=WHOLE, title="whole")
    return image(folder, with_sister(whole, hop=HOP, work=SMALL, title="small"))


def slow(folder: Path, made: Path, seconds: float, *spans: str) -> Run:
    words = [word for span in spans for word in ("--voice-slow", span)]
    charge = ("--voice-slice-us", str(SLICE_US), "--log", str(folder / "log" / "board.log"))
    # Nobody plays: the tiny voice jumps from block to block when its latents do.
    return play(folder, made, *charge, *words, seconds=seconds, gesture="empty")


def rungs(run: Run) -> list[tuple[int, str]]:
    """Every rung that the statuses told, without repetitions."""
    told: list[tuple[int, str]] = []
    for _, datagram in run.outside.datagrams:
        if datagram.startswith(b"/status"):
            params = list(OscMessage(datagram).params)
            if not told or told[-1] != (params[17], params[18]):
                told.append((params[17], params[18]))
    return told


def test_a_voice_in_time_stays(tmp_path: Path, made: Path) -> None:
    run = slow(tmp_path, made, 4.0)
    assert rungs(run) == [(0, "")]
    assert run.stats["underruns"] == 0


def largest_step(run: Run) -> float:
    return float(np.abs(np.diff(run.samples()[RATE // 2 :, 0])).max())


# A sine of at most 0.4 and 0.005 cycles a sample, mixed with itself; and the slope of an underrun's fade.
SMOOTH = np.sqrt(2) * 0.4 * 2 * np.pi * 0.005 + 0.4 * np.pi / 2 / 128


def test_three_underruns_lead_to_the_small_voice_and_quiet_back(tmp_path: Path, made: Path) -> None:
    run = slow(tmp_path, made, 12.0, "2,5,2.5")  # 30 ms, and 10 for the small voice
    assert rungs(run) == [(0, ""), (1, "small: 3 underruns within 2 s"), (0, "")]
    assert 3 <= run.stats["underruns"] <= 5
    assert all(2.0 <= at <= 5.1 for at in run.stats["underruns_at_s"])
    assert largest_step(run) < SMOOTH
    log = (tmp_path / "log" / "board.log").read_text()
    assert "rung 1: small: 3 underruns within 2 s" in log
    assert "rung 0: the whole voice again" in log


def test_a_low_hop_has_its_rungs_too(tmp_path: Path) -> None:
    """Of the 2.9 ms of a block the whole voice takes 1.2, the small one 0.4; then thrice as much."""
    whole = scene(tmp_path / "p", "one", hop=128, work=WHOLE, title="whole")
    made = image(tmp_path, with_sister(whole, hop=128, work=SMALL, title="small"), frame_rate=20)
    charge = ("--voice-slice-us", "100", "--voice-slow", "2,3.5,3", "--period", "40")
    run = play(tmp_path / "run", made, *charge, seconds=8.5, gesture="empty")
    assert [rung for rung, _ in rungs(run)] == [0, 1, 0]
    assert run.stats["underruns"] >= 1
    assert all(2.0 <= at <= 3.6 for at in run.stats["underruns_at_s"])


def test_a_full_core_is_left_after_one_underrun_at_most(tmp_path: Path, made: Path) -> None:
    """The prefill had followed the lighter load; from the first underrun on it is the whole again."""
    run = slow(tmp_path, made, 12.0, "2,6,1.9")  # 22.8 of 23.2 ms
    told = rungs(run)
    assert [rung for rung, _ in told] == [0, 1, 0]
    assert "of its time" in told[1][1]
    assert run.stats["underruns"] <= 1
    assert largest_step(run) < SMOOTH


def test_there_must_be_room_for_the_whole_voice(tmp_path: Path, made: Path) -> None:
    run = slow(tmp_path, made, 25.0, "2,4,2.5", "4,25,1.7")  # 20 ms would be 88 %
    assert [rung for rung, _ in rungs(run)] == [0, 1]


def test_hold_is_the_last_rung_and_the_way_back_is_the_same(tmp_path: Path, made: Path) -> None:
    run = slow(tmp_path, made, 22.0, "2,6,12")
    assert [rung for rung, _ in rungs(run)] == [0, 1, 2, 1, 0]
    assert "the sound is held" in rungs(run)[2][1]
    assert largest_step(run) < SMOOTH
    held = run.samples()[int(4.5 * RATE) : int(5.5 * RATE), 0]
    assert np.abs(held).reshape(-1, 441).max(axis=1).min() > 0.1


def test_a_sister_that_cannot_play_is_a_rung_less(tmp_path: Path) -> None:
    whole = scene(tmp_path / "p", "one", hop=HOP, work=WHOLE, title="whole")
    both = with_sister(with_sister(whole, hop=HOP, latents=3), hop=HOP, work=SMALL, title="small")
    run = slow(tmp_path / "run", image(tmp_path, both), 3.0, "1,3,2.5")
    assert rungs(run)[-1] == (1, "small: 3 underruns within 2 s")
    statuses = [OscMessage(d).params for _, d in run.outside.datagrams if d.startswith(b"/status")]
    assert "wants 3 latents, the touch gives 2" in statuses[0][16]
