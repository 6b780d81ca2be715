"""Smoothing for strokes, and what the touch is said to answer and to let through."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration import Calibration, save
from calibration.judging.answer import answer
from calibration.strokes import LARGEST_DEAD_ZONE, for_strokes
from graphs.card import read_card
from lodestone.cli import build_app
from mapping import touch_graph
from tests.support.plain_board import gaussian_card, plain_calibration


def board(taps: int = 4, hum_mt: float = 0.02) -> Calibration:
    plain = plain_calibration()
    noise = np.full((4, 3), 0.005 / np.sqrt(taps))
    rest = dataclasses.replace(
        plain.rest, noise_mt=noise, mains_taps=(1.0 / taps,) * taps, mains_mt=np.full((4, 3), hum_mt)
    )
    response = dataclasses.replace(plain.response, dead_zone_mt=np.full(12, 0.02), min_cutoff_hz=9.5)
    return dataclasses.replace(plain, rest=rest, response=response, frame_rate_hz=200.0)


def test_strokes_answer_sooner_and_let_more_noise_through() -> None:
    usual = board()
    quick = for_strokes(usual)
    slow, soon = answer(usual), answer(quick, usual)
    assert slow.lag_ms > soon.lag_ms + 7.0  # the average over four frames alone takes 7.5 ms
    assert soon.noise > 2.0 * slow.noise
    assert quick.rest.noise_mt == pytest.approx(np.full((4, 3), np.hypot(0.005, 0.02 / np.sqrt(2.0))))
    assert (quick.response.dead_zone_mt > usual.response.dead_zone_mt).all()
    loud = for_strokes(board(hum_mt=20.0))
    assert (loud.response.dead_zone_mt == LARGEST_DEAD_ZONE * loud.response.reach_mt).all()


def test_without_smoothing_there_is_no_lag() -> None:
    assert answer(dataclasses.replace(plain_calibration(), frame_rate_hz=200.0)).lag_ms == 0.0


def test_the_touch_graph_carries_its_lag() -> None:
    usual, quick = (read_card(touch_graph(board(), gaussian_card(4), strokes=s)) for s in (False, True))
    assert usual.lag_ms == pytest.approx(answer(board()).lag_ms, abs=0.01)
    assert quick.lag_ms < usual.lag_ms
    assert quick.calibration_sha256 == usual.calibration_sha256


def test_the_command_tells_both(tmp_path: Path) -> None:
    path = save(board(), tmp_path / "a.calibration.json")
    done = CliRunner().invoke(build_app(), ["calibration", "noise", str(path), "--json"])
    told = json.loads(done.stdout)
    assert told["usual"]["lag_ms"] > told["strokes"]["lag_ms"]
    assert told["usual"]["noise"] < told["strokes"]["noise"]
    words = CliRunner().invoke(build_app(), ["calibration", "noise", str(path)]).stdout
    assert "200 frames/s" in words
    assert "strokes" in words
