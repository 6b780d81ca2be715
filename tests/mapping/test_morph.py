"""The way from another touch's place to this one's: exact at both ends, along the great circle, no step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration import Calibration
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph
from mapping import touch_graph
from mapping.arbitrariness import LATENT_SIGMAS_PER_S, SLEW_SIGMAS_PER_S
from mapping.morph import PLACE, SHARE, led

Z = 12


@pytest.fixture(scope="module")
def way() -> GraphPlayer:
    graph = StatefulGraph()
    graph.output("y", led(graph, graph.input("own", (Z,)), Z))
    return GraphPlayer(graph.build())


def at(way: GraphPlayer, own: np.ndarray, place: np.ndarray, share: float) -> np.ndarray:
    return way.run({"own": own, PLACE: place, SHARE: np.float32(share)})["y"]


def frame_of(calibration: Calibration, lifted: np.ndarray) -> dict[str, np.ndarray]:
    """What the board gives a touch for a field [4, 3] mT above the empty board's."""
    field = calibration.rest.offset_mt + lifted
    return {"field": field, "valid": np.ones(4), "dt": np.array(0.005), "temperature": np.full(4, 25.0)}


places = st.lists(st.floats(-3, 3, width=32), min_size=Z, max_size=Z).map(
    lambda values: np.array(values, np.float32)
)


@settings(max_examples=60, deadline=None)
@given(places, places)
def test_both_ends_to_the_last_bit_and_no_longer_than_either(
    way: GraphPlayer, own: np.ndarray, place: np.ndarray
) -> None:
    assert np.array_equal(at(way, own, place, 0.0), own)
    assert np.array_equal(at(way, own, place, 1.0), place)
    longest = max(np.linalg.norm(own), np.linalg.norm(place))
    path = np.array([at(way, own, place, share) for share in np.linspace(0.0, 1.0, 41)])
    assert np.linalg.norm(path, axis=1).max() <= longest * (1.0 + 1e-5) + 1e-6
    # Twice the chord: the least stretched chord is half as long as the radius.
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps.max() <= 0.025 * 4.0 * (np.linalg.norm(own - place) + longest) + 1e-6


def test_equal_lengths_stay_equal_up_to_120_degrees(way: GraphPlayer) -> None:
    own = np.eye(Z)[0] * 2.0
    for degrees in (10.0, 90.0, 119.0):
        turn = np.radians(degrees)
        place = 2.0 * (np.cos(turn) * np.eye(Z)[0] + np.sin(turn) * np.eye(Z)[1])
        for share in (0.2, 0.5, 0.9):
            assert np.linalg.norm(at(way, own, place, share)) == pytest.approx(2.0, rel=1e-5)
    assert np.linalg.norm(at(way, own, -own, 0.5)) == pytest.approx(0.0, abs=1e-6)


def test_nobody_leads_nothing_changes(calibration: Calibration, gaussian_card: Any) -> None:
    """A graph that is not led plays as if they were not there; `place` makes the latents."""
    player = GraphPlayer(touch_graph(calibration, gaussian_card(Z)))
    led_by_none = GraphPlayer(touch_graph(calibration, gaussian_card(Z)))
    for frame in range(20):
        feed = frame_of(calibration, 0.1 * frame * np.ones((4, 3)))
        plain = player.run(feed)
        told = led_by_none.run({**feed, PLACE: np.full(Z, 9.0), SHARE: np.zeros(())})
        assert np.array_equal(plain["latent"], told["latent"])
        assert plain["place"] == pytest.approx(plain["latent"], abs=1e-6)


@settings(max_examples=6, deadline=None)
@given(
    st.integers(0, 1000),
    st.sampled_from(["rotate", "rings+memory", "wire+terrain", "rotate+bodies"]),
    st.sampled_from([0.1, 0.5]),
)
def test_a_morph_between_mappings_keeps_to_the_slew_limit(seed: int, mapping: str, seconds: float) -> None:
    """Under a hand that leaps, from any mapping to any other; it ends where the other would be alone."""
    from tests.support.plain_board import gaussian_card, plain_calibration

    calibration, dice = plain_calibration(), np.random.default_rng(seed)
    old = GraphPlayer(touch_graph(calibration, gaussian_card(Z), "rotate", seed))
    new = GraphPlayer(touch_graph(calibration, gaussian_card(Z), mapping, seed + 1))
    alone = GraphPlayer(touch_graph(calibration, gaussian_card(Z), mapping, seed + 1))
    before, hand = None, np.zeros((4, 3))
    for frame in range(round(200 * seconds) + 60):
        if frame % 25 == 0:
            hand = dice.uniform(-4.0, 4.0, (4, 3))
        feed = frame_of(calibration, hand)
        share = max(0.0, 1.0 - frame / (200 * seconds))
        led_from = old.run(feed)["place"]
        now = new.run({**feed, PLACE: led_from, SHARE: np.array(share)})["place"]
        if frame == 0:
            assert np.array_equal(now, led_from)
        if before is not None:
            assert np.linalg.norm(now - before) <= SLEW_SIGMAS_PER_S * 0.005 * np.sqrt(Z) * 1.001
            assert np.abs(now - before).max() <= LATENT_SIGMAS_PER_S * 0.005 * 1.001
        before = now
        ends = alone.run(feed)["place"]
    assert before == pytest.approx(ends, abs=2e-3)
