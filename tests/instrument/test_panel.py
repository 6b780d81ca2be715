"""The button and the LED, through the pins of the simulated board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sensors.simulation import SimulatedBoard
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import image, play

BUTTON, LED = 3, 5


class Hand(ScriptedHost):
    """Presses the button from..to, bouncing for 8 ms at both ends."""

    def __init__(self, presses: list[tuple[float, float]], alive: bool = True) -> None:
        super().__init__([], dies_at=100.0 if alive else 0.0)
        self.presses = presses

    def digital_in(self, now_us: int) -> int:
        now = now_us * 1e-6
        down = any(a <= now < b for a, b in self.presses)
        bouncing = any(0 <= now - edge < 0.008 for press in self.presses for edge in press)
        return (int(down) ^ int(bouncing and (now_us // 1000) % 2)) << BUTTON


def test_a_short_press_goes_to_the_next_mode(tmp_path: Path) -> None:
    made = image(tmp_path, button_pin=BUTTON)
    hand = Hand([(0.5, 0.7), (1.0, 1.2), (1.5, 1.6)])
    run = play(tmp_path / "run", made, outside=hand, seconds=2.0)
    assert [m["sounding"] for m in run.stats["modes"]] == ["onboard", "host", "both", "onboard"]
    assert run.stats["modes"][1]["time_s"] == pytest.approx(0.74, abs=0.03)


def test_a_long_press_takes_the_rest_and_changes_no_mode(tmp_path: Path) -> None:
    made = image(tmp_path, button_pin=BUTTON)
    run = play(tmp_path / "run", made, outside=Hand([(0.5, 2.0)]), seconds=2.5, gesture="empty")
    assert len(run.stats["modes"]) == 1
    before, after = run.latents[20][3], run.latents[-1][3]
    assert np.abs(before).max() > 10 * np.abs(after).max()


def lit(hand: Hand, begin_s: float, end_s: float) -> tuple[float, int]:
    """Share of the time that the LED is lit, and how often it goes on."""
    edges = [(now * 1e-6, level >> LED & 1) for now, level in hand.levels]
    times = np.arange(begin_s, end_s, 0.001)
    levels = np.array([next((v for t, v in reversed(edges) if t <= now), 0) for now in times])
    return float(levels.mean()), int((np.diff(levels) > 0).sum())


def test_the_led_tells_who_sounds(tmp_path: Path) -> None:
    made = image(tmp_path, button_pin=BUTTON, led_pin=LED)
    hand = Hand([(2.0, 2.1), (4.9, 5.0)])
    play(tmp_path / "run", made, outside=hand, seconds=8.0)
    assert lit(hand, 0.8, 1.8) == (1.0, 0)
    assert lit(hand, 2.5, 4.5) == (pytest.approx(0.5, abs=0.02), 2)
    assert lit(hand, 5.5, 7.5) == (pytest.approx(0.88, abs=0.02), 2)


def test_the_led_blinks_fast_when_a_sensor_is_lost(tmp_path: Path) -> None:
    made = image(tmp_path, led_pin=LED)
    board = SimulatedBoard("empty", addresses=(0x0C, 0x0D, 0x0E, 0x44))
    hand = Hand([])
    play(tmp_path / "run", made, outside=hand, seconds=2.5, board=board)
    assert lit(hand, 1.0, 2.0)[1] == 5
