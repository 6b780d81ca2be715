"""The room changes while one plays: it is told, by nothing that could be music, and /rest cures it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.model import CHANNELS, SENSORS
from calibration.stage import touch_stage
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph
from tests.support.plain_board import plain_calibration

PLAIN, NOISE_MT = plain_calibration(), 0.005
CALIBRATION = replace(
    PLAIN,
    rest=replace(PLAIN.rest, noise_mt=np.full((SENSORS, 3), NOISE_MT)),
    response=replace(PLAIN.response, dead_zone_mt=np.full(CHANNELS, 4.0 * NOISE_MT)),
)
DT_S = 0.005


class Night:
    """The touch stage alone, frame by frame, with the noise of the chips."""

    def __init__(self) -> None:
        graph = StatefulGraph()
        _, touch = touch_stage(graph, CALIBRATION)
        graph.output("touch", touch)
        self._player = GraphPlayer(graph.build())
        self._rng = np.random.default_rng(0)

    def play(self, seconds: float, extra_mt: Any = 0.0, *, warmer_k: float = 0.0, rest: float = 0.0) -> Any:
        """The output `room` in the end; `extra_mt` is [4, 3] or a function of the time in s."""
        told: Any = None
        for frame in range(round(seconds / DT_S)):
            more = extra_mt(frame * DT_S) if callable(extra_mt) else extra_mt
            noise = CALIBRATION.rest.noise_mt * self._rng.standard_normal((SENSORS, 3))
            field = CALIBRATION.rest.offset_mt + more + noise
            field = field + warmer_k * CALIBRATION.rest.tempco_mt_per_k
            inputs = {
                "field": field,
                "valid": np.ones(SENSORS),
                "temperature": CALIBRATION.rest.temperature_c + warmer_k,
                "dt": np.array(DT_S),
                "knob.reach": np.array(0.3),
                "knob.rest_capture": np.array(rest),
            }
            told = self._player.run({name: value.astype(np.float32) for name, value in inputs.items()})[
                "room"
            ]
        return told


def marble(x: float, y: float, z: float = 7.5, size_mm: float = 15.0) -> Any:
    moment = np.array([[0.0, 0.0, ball_moment(size_mm)]])
    return dipole_mt(np.array([[x, y, z]]), moment, Mounting().points_mm())[0]


AMBIENT = {
    "the board was turned in the earth's field": np.array([0.05, -0.03, 0.0]),
    "a loudspeaker far away": np.array([0.0, 0.0, -0.06]),
}


@pytest.mark.parametrize("name", AMBIENT)
def test_a_field_that_is_the_same_everywhere_is_told_and_rest_cures_it(name: str) -> None:
    night, change = Night(), AMBIENT[name]
    assert night.play(3.0)[0] == 0.0
    told = night.play(3.0, change)
    assert told[0] == pytest.approx(np.linalg.norm(change), rel=0.1)
    # While a marble moves it stays told; nothing says that it is cured.
    moving = night.play(3.0, lambda t: change + marble(-65.0 + 30.0 * np.sin(3.0 * t), 0.0))
    assert moving[0] == pytest.approx(told[0], rel=0.2)
    night.play(1.0, change)  # the marbles are taken off
    night.play(0.1, change, rest=1.0)
    assert night.play(8.0, change)[0] == 0.0


def test_it_goes_away_with_its_cause() -> None:
    night = Night()
    assert night.play(3.0, AMBIENT["a loudspeaker far away"])[0] > 0.0
    assert night.play(3.0)[0] == 0.0


@pytest.mark.parametrize("place", [(-65.0, 0.0), (0.0, 0.0), (40.0, 40.0), (0.0, -110.0), (110.0, 0.0)])
@pytest.mark.parametrize("height", [7.5, 60.0, 120.0])
def test_a_marble_that_lies_or_is_held_still_is_music(place: tuple[float, float], height: float) -> None:
    assert Night().play(4.0, marble(*place, height))[0] == 0.0


def test_what_passes_is_no_change() -> None:
    night, change = Night(), AMBIENT["a loudspeaker far away"]
    assert night.play(1.5, change)[0] == 0.0
    assert night.play(1.0)[0] == 0.0


def test_heat_is_told_in_kelvin() -> None:
    night = Night()
    assert night.play(1.0)[1] == pytest.approx(0.0, abs=0.01)
    assert night.play(20.0, warmer_k=15.0)[1] == pytest.approx(15.0, abs=0.1)
