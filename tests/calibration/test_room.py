"""The room changes while one plays: it is told, by nothing that could be music, and /rest cures it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import spox.opset.ai.onnx.v17 as op

from calibration.board_model import Mounting, ball_moment, dipole_mt
from calibration.model import CHANNELS, SENSORS
from calibration.stage import room, touch_stage
from calibration.stage.far import explain
from geometry import BoardGeometry
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph
from sensors.simulation.magnets import stack_field_ut
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

    def rest(self) -> Any:
        """The correction that tracking and capture have made, [4, 3] mT."""
        return self._player.states["state.0"]


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


LEFT = {
    "a 20 mm marble beside the board": marble(0.0, -190.0, 10.0, 20.0),
    "a 15 mm marble under the table": marble(30.0, 20.0, -95.0),
    "a loudspeaker's magnet a hand away": marble(230.0, 60.0, -20.0, 40.0),
}


@pytest.mark.parametrize("name", LEFT)
def test_a_magnet_left_near_is_told_and_rest_cures_it(name: str) -> None:
    night = Night()
    assert night.play(4.0, LEFT[name])[2] == 0.0  # nobody holds one there for six seconds
    told = night.play(2.5, LEFT[name])
    assert told[2] == pytest.approx(np.linalg.norm(LEFT[name], axis=1).max(), rel=0.1)
    assert told[0] == told[3] == 0.0
    if name == next(iter(LEFT)):
        night.play(0.1, LEFT[name], rest=1.0)
        assert night.play(7.0, LEFT[name])[2] == 0.0


def test_it_is_counted_over_the_moments_in_which_nothing_moves() -> None:
    """While one plays: four seconds without a marble, some play, three seconds without."""
    night, left = Night(), LEFT["a 20 mm marble beside the board"]
    assert night.play(4.0, left)[2] == 0.0
    night.play(2.0, lambda t: left + marble(-65.0 + 30.0 * np.sin(3.0 * t), 0.0))
    assert night.play(3.5, left)[2] > 0.0


def steel(depth_mm: float) -> Any:
    """The mirrored stacks, as cylinders."""
    mirrored = BoardGeometry(stack_gap_mm=2.0 * depth_mm - 20.0 - 55.0)
    return 0.9e-3 * stack_field_ut(mirrored, mirrored.sensors_mm())


@pytest.mark.parametrize("depth_mm", [70.0, 90.0, 120.0])
def test_a_steel_table_is_told_as_steel(depth_mm: float) -> None:
    night = Night()
    told = night.play(3.0, steel(depth_mm))
    assert told[3] == pytest.approx(np.linalg.norm(steel(depth_mm), axis=1).max(), rel=0.1)
    assert told[0] == told[2] == 0.0


def test_marbles_that_lie_are_never_told() -> None:
    """Forty ways in which one to four marbles lie still, poled as they like."""
    rng, points = np.random.default_rng(3), Mounting().points_mm()
    for _ in range(40):
        count = int(rng.integers(1, 5))
        radius, angle = 115.0 * np.sqrt(rng.uniform(size=count)), rng.uniform(0.0, 2 * np.pi, count)
        size = rng.choice([10.0, 15.0, 20.0], count)
        place = np.stack([radius * np.cos(angle), radius * np.sin(angle), size / 2], axis=1)
        pole = rng.standard_normal((count, 3))
        moment = ball_moment(1.0) * (size**3 / np.linalg.norm(pole, axis=1))[:, None] * pole
        told = Explainer().causes(dipole_mt(place, moment, points).sum(axis=0))
        assert not told.any()


class Explainer:
    """What the room makes of one still field, without waiting for it."""

    _player: GraphPlayer | None = None

    def causes(self, field_mt: Any) -> Any:
        if Explainer._player is None:
            graph = StatefulGraph()
            row = graph.input("row", (1, CHANNELS))
            squares = op.reduce_sum(op.mul(row, row), keepdims=0)
            seen = room._causes(explain(row, squares), squares, 0.0)
            graph.output("seen", op.cast(seen, to=np.float32))
            Explainer._player = GraphPlayer(graph.build())
        return Explainer._player.run({"row": field_mt.reshape(1, CHANNELS).astype(np.float32)})["seen"]


def test_a_field_that_no_marble_makes_is_followed_slowly() -> None:
    """From ten seconds of stillness on by 1 % of the reach a minute; a marble that lies is not."""
    for change, followed in ((AMBIENT["a loudspeaker far away"], True), (marble(0.0, 0.0, 120.0), False)):
        night = Night()
        night.play(13.0, change)
        assert bool(np.abs(night.rest()).max() > 0.0) is followed
        most = 3.5 * 0.01 / 60.0 * PLAIN.response.reach_mt.max()
        assert np.abs(night.rest()).max() <= most


def test_rest_clears_the_heat_and_the_cold_after_it_is_told() -> None:
    night = Night()
    night.play(10.0, warmer_k=15.0)
    night.play(0.1, warmer_k=15.0, rest=1.0)
    assert night.play(3.5, warmer_k=15.0)[1] == pytest.approx(0.0, abs=0.2)
    assert night.play(10.0)[1] == pytest.approx(15.0, abs=0.3)


def test_heat_is_told_in_kelvin() -> None:
    night = Night()
    assert night.play(1.0)[1] == pytest.approx(0.0, abs=0.01)
    assert night.play(10.0, warmer_k=15.0)[1] == pytest.approx(15.0, abs=0.2)
