"""The calibrated touch as a graph: against its numpy reference, its authors' 1-euro filter, its promises."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from OneEuroFilter import OneEuroFilter

from calibration import Calibration
from calibration.carry import carry_from
from calibration.model import CHANNELS, Response, Warmth
from calibration.stage import touch_stage
from calibration.stage.reference import TouchReference
from graphs.card import Card, attach_card
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph

DT = 0.005
WARMTH = Warmth(
    np.full((4, 3), -2e-4), np.full((4, 3), -3e-4), np.array([-0.005, 0.0, -0.001, -0.003]),
    np.array([3.0, 1.0, 2.0, 9.0]), np.array([2.0, 0.0, -1.0, 0.5]), 10.0, np.zeros((4, 3)),
)  # fmt: skip
HERE = np.ones(4)


def player(calibration: Calibration) -> GraphPlayer:
    graph = StatefulGraph()
    _, touch = touch_stage(graph, calibration)
    graph.output("touch", touch)
    model = graph.build()
    states = {f"state.{n}": state.label for n, state in enumerate(graph.states)}
    attach_card(model, Card("touch", "stage", latents=CHANNELS, knobs=graph.knobs, states=states))
    return GraphPlayer(model)


def variant(calibration: Calibration, **changes: Any) -> Calibration:
    """The calibration with fields of its rest or response replaced."""
    rest = {key: value for key, value in changes.items() if hasattr(calibration.rest, key)}
    response = {key: value for key, value in changes.items() if hasattr(calibration.response, key)}
    own = {key: value for key, value in changes.items() if key in ("correction", "carry")}
    return dataclasses.replace(
        calibration,
        rest=dataclasses.replace(calibration.rest, **rest),
        response=dataclasses.replace(calibration.response, **response),
        **own,
    )


def inputs(calibration: Calibration, played: np.ndarray, dt: float = DT) -> dict[str, Any]:
    return {
        "field": calibration.rest.offset_mt + played,
        "valid": HERE,
        "temperature": calibration.rest.temperature_c,
        "dt": dt,
    }


def turned(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.eye(CHANNELS) + 0.1 * rng.standard_normal((CHANNELS, CHANNELS))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="plain"),
        pytest.param({"mains_taps": (0.25,) * 4}, id="moving average"),
        pytest.param({"mains_taps": (0.38, 0.24, 0.38)}, id="notch"),
        pytest.param({"correction": turned(3)}, id="correction"),
        pytest.param({"carry": carry_from(np.array([3.0, -2.5, 0.5, 5.0]))}, id="carry"),
        pytest.param({"warmth": WARMTH}, id="warm-up"),
        pytest.param({"beta": 0.5, "min_cutoff_hz": 3.0, "knee_mt": 0.05}, id="another response"),
    ],
)
def test_graph_equals_reference(calibration: Calibration, changes: dict[str, Any]) -> None:
    """1e-6 over 13 s: play, warming, sensors that fade, irregular time, a rest captured and tracked."""
    chosen = variant(calibration, **changes)
    graph, reference = player(chosen), TouchReference(chosen)
    rng = np.random.default_rng(7)
    worst = 0.0
    for frame in range(2600):
        time = frame * DT
        played = 3.0 * np.sin(np.arange(12).reshape(4, 3) + time) if time < 4 else np.full((4, 3), 0.003)
        field = chosen.rest.offset_mt + played + rng.normal(0, 0.004, (4, 3))
        valid = np.array([1, 1, 1, np.clip(abs(time - 2), 0, 1)])
        temperature = chosen.rest.temperature_c + np.array([0.1, 0.2, 0.0, -0.1]) * time
        dt = DT * rng.integers(0, 4) if time < 5 else DT
        knee = 0.3 if time < 2.5 else 1.0
        button = float(4.5 < time < 4.6 or 7 < time < 7.1)
        graph.set_knob("reach", knee)
        graph.set_knob("rest_capture", button)
        got = graph.run(field=field, valid=valid, temperature=temperature, dt=dt)["touch"]
        wanted = reference.step(
            field, dt, valid=valid, temperature=temperature, reach=knee, rest_capture=button
        )
        worst = max(worst, float(np.abs(got - wanted).max()))
    assert worst <= 1e-6
    assert np.abs(graph.state("rest") - reference.rest).max() <= 1e-6
    assert np.abs(reference.rest).max() > 1e-3  # the rest has moved at all


def test_one_euro_against_the_authors_filter(calibration: Calibration) -> None:
    """The filter alone: a response that is the identity, then the published Python filter by its authors."""
    wide = Response(np.full(CHANNELS, 1.0), np.zeros(CHANNELS), knee_mt=5.0, min_cutoff_hz=1.2, beta=0.7)
    chosen = dataclasses.replace(calibration, response=wide)
    graph = player(chosen)
    oracle = OneEuroFilter(freq=1 / DT, mincutoff=1.2, beta=0.7, dcutoff=1.0)
    rng = np.random.default_rng(5)
    path = np.clip(np.cumsum(rng.normal(0, 0.02, 800)), -0.8, 0.8)
    for number, value in enumerate(path):
        raw = 20.0 * value / (21.0 - abs(value))  # the inverse of its compression
        played = np.zeros((4, 3))
        played[0, 0] = raw
        got = graph.run(**inputs(chosen, played))["touch"][0]
        assert got == pytest.approx(oracle(value, number * DT), abs=2e-5)


def test_first_frame_is_adopted(calibration: Calibration) -> None:
    """After a reset the touch is where the magnet is, at once and without travelling there from zero."""
    played = np.full((4, 3), 1.0)
    graph = player(calibration)
    first = graph.run(**inputs(calibration, played))["touch"]
    for _ in range(50):
        later = graph.run(**inputs(calibration, played))["touch"]
        assert np.abs(later - first).max() < 1e-6
    assert np.abs(first).min() > 0.1


def test_a_frame_without_time_changes_nothing(calibration: Calibration) -> None:
    graph = player(variant(calibration, mains_taps=(0.25,) * 4))
    for step in range(20):
        last = graph.run(**inputs(calibration, np.full((4, 3), 0.1 * step)))["touch"]
    for _ in range(5):
        assert np.array_equal(graph.run(**inputs(calibration, np.full((4, 3), 4.0), dt=0.0))["touch"], last)


def test_touch_stays_inside_and_never_steps(calibration: Calibration) -> None:
    """A magnet slammed on and snatched away: inside -1..1, and no jump of more than a third of the way."""
    graph = player(calibration)
    values = []
    for frame in range(200):
        played = np.full((4, 3), 80.0 if 50 <= frame < 100 else 0.0)
        values.append(graph.run(**inputs(calibration, played))["touch"])
    assert np.abs(values).max() < 1.0
    assert np.abs(np.diff(values, axis=0)).max() < 0.34


def test_a_sensor_that_fades_only_fades_itself(calibration: Calibration) -> None:
    played = np.full((4, 3), 1.0)
    graph = player(calibration)
    before = graph.run(**inputs(calibration, played))["touch"]
    for frame in range(800):
        given = inputs(calibration, played)
        given["valid"] = np.array([1, 1, max(0.0, 1 - frame * DT), 1])
        after = graph.run(**given)["touch"]
    assert np.abs(after[6:9]).max() < 1e-3
    others = np.r_[0:6, 9:12]
    assert np.abs(after[others] - before[others]).max() < 1e-5


def test_warming_attractors_leave_the_touch_alone(calibration: Calibration) -> None:
    """15 K in two minutes move z by 0.4 mT; the touch at rest stays where it was."""
    graph = player(calibration)
    worst = 0.0
    for frame in range(int(120 / DT)):
        kelvin = 15.0 * frame * DT / 120.0
        given = inputs(calibration, calibration.rest.offset_mt * -0.0012 * kelvin)
        given["temperature"] = calibration.rest.temperature_c + kelvin
        worst = max(worst, float(np.abs(graph.run(**given)["touch"]).max()))
    assert worst <= 0.005


def capture(graph: GraphPlayer, calibration: Calibration, played: Any, seconds: float = 6.0) -> np.ndarray:
    """Presses the button, then plays `played(t)`; the last touch."""
    touch = np.zeros(CHANNELS)
    for frame in range(round(seconds / DT)):
        graph.set_knob("rest_capture", float(frame < 3))
        touch = graph.run(**inputs(calibration, played(frame * DT)))["touch"]
    return touch


def test_rest_capture_takes_the_board_as_it_stands(calibration: Calibration) -> None:
    shifted = np.full((4, 3), 0.2)
    graph = player(calibration)
    graph.run(**inputs(calibration, shifted))
    assert np.abs(capture(graph, calibration, lambda _: shifted)).max() < 1e-4
    assert graph.state("rest") == pytest.approx(shifted, abs=1e-4)


def test_rest_capture_is_refused_and_told_while_something_moves(calibration: Calibration) -> None:
    graph = player(calibration)
    capture(graph, calibration, lambda t: np.full((4, 3), 0.2 * np.sin(t)))
    assert np.abs(graph.state("rest")).max() == 0
    assert graph.run(**inputs(calibration, np.zeros((4, 3))))["rest_refused"] == pytest.approx(0.2, rel=0.1)
    capture(graph, calibration, lambda t: np.full((4, 3), 0.02 * t), 2.5)  # warms; it is not over yet
    assert graph.run(**inputs(calibration, np.full((4, 3), 0.05)))["rest_refused"] == 0
    capture(graph, calibration, lambda t: np.full((4, 3), 0.05 + 0.02 * t))
    assert graph.run(**inputs(calibration, np.full((4, 3), 0.17)))["rest_refused"] > 0.01
    capture(graph, calibration, lambda _: np.full((4, 3), 0.17))
    assert graph.run(**inputs(calibration, np.full((4, 3), 0.17)))["rest_refused"] == 0
    assert graph.state("rest") == pytest.approx(np.full((4, 3), 0.17), abs=1e-3)


def test_tracking_follows_an_empty_board_but_never_a_resting_ball(calibration: Calibration) -> None:
    """1 % of the reach per minute for a small drift, nothing at all for a ball that lies still."""
    noise = calibration.rest.noise_mt
    graph = player(calibration)
    for _ in range(int(40 / DT)):
        graph.run(**inputs(calibration, 2.0 * noise))
    reach = calibration.response.reach_mt.reshape(4, 3)
    most = 0.01 / 60 * 30.5 * reach
    moved = graph.state("rest")
    assert (moved > 0.5 * np.minimum(most, 2.0 * noise)).all()
    assert (moved <= most).all()
    graph.reset()
    ball = 2.0 * noise
    ball[2, 2] = 0.5
    for _ in range(int(40 / DT)):
        graph.run(**inputs(calibration, ball))
    assert np.abs(graph.state("rest")).max() == 0


def test_hum_is_silenced_by_one_period(calibration: Calibration) -> None:
    loud = variant(calibration, mains_taps=(0.25,) * 4)
    for chosen, limit in ((loud, 1e-4), (calibration, np.inf)):
        graph = player(chosen)
        touch = [
            graph.run(**inputs(chosen, np.full((4, 3), 0.1 * np.sin(2 * np.pi * 50 * n * DT + 0.3))))["touch"]
            for n in range(400)
        ]
        assert np.ptp(touch[100:], axis=0).max() <= limit
    assert np.ptp(touch[100:], axis=0).max() > 1e-3
