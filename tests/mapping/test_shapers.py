"""Shapers and chains: exact where they are off, bounded where on, the same in engine and ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import firmware
from calibration import Calibration
from graphs.player import GraphPlayer
from mapping import shapers, touch_graph
from mapping.arbitrariness import BALL_SIGMAS, SLEW_SIGMAS_PER_S, from_voice
from mapping.channels import wiring
from mapping.errors import MappingError
from mapping.families.wire import folding
from mapping.latent_statistics import latent_statistics
from mapping.life import RATES_HZ, SPREAD
from mapping.shapers import bodies, memory, snapshots, terrain
from mapping.steepness import engines_apart
from mapping.taught import NEAREST, Taught
from model_export.compiler import compile_plan
from model_export.compiler.boards import BOARDS
from model_export.compiler.cost import predicted
from tests.support.plain_board import field_of

HERE = {"valid": np.ones(4), "temperature": np.full(4, 25.0), "dt": 0.005}
LONGEST = "rotate+snapshots+terrain+bodies+memory"


def player(
    calibration: Calibration, card: Any, mapping: str, taught: Taught | None = None, **knobs: float
) -> GraphPlayer:
    made = GraphPlayer(touch_graph(calibration, card, mapping=mapping, seed=3, taught=taught))
    for name, value in knobs.items():
        made.set_knob(name, value)
    return made


def settle(made: GraphPlayer, field_mt: np.ndarray, seconds: float) -> dict[str, np.ndarray]:
    result: dict[str, np.ndarray] = {}
    for _ in range(int(seconds * 200)):
        result = made.run({"field": field_mt, **HERE})
    return result


def points(latents: int, count: int, seed: int = 0) -> Taught:
    rng = np.random.default_rng(seed)
    return Taught(rng.uniform(-0.6, 0.6, (count, 12)), rng.normal(0.0, 1.0, (count, latents)))


OFF = {"terrain": {"terrain": 0.0}, "memory": {"memory": 0.0}, "snapshots": {}}


@pytest.mark.parametrize("name", sorted(OFF))
def test_a_shaper_that_is_off_changes_nothing(
    calibration: Calibration, gaussian_card: Any, name: str
) -> None:
    rng = np.random.default_rng(1)
    plain = player(calibration, gaussian_card(8), "rotate")
    shaped = player(calibration, gaussian_card(8), f"rotate+{name}", **OFF[name])
    for _ in range(20):
        at = {"field": field_of(calibration, rng.uniform(-0.5, 0.5, 12)), **HERE}
        assert np.array_equal(plain.run(at)["latent"], shaped.run(at)["latent"])


def test_bodies_without_coupling_come_to_rest_where_the_hand_is(
    calibration: Calibration, gaussian_card: Any
) -> None:
    held = field_of(calibration, np.random.default_rng(2).uniform(-0.4, 0.4, 12))
    plain = settle(player(calibration, gaussian_card(8), "rotate"), held, 0.1)
    shaped = settle(player(calibration, gaussian_card(8), "rotate+bodies", coupling=0.0), held, 6.0)
    assert shaped["latent"] == pytest.approx(plain["latent"], abs=2e-5)


@pytest.mark.parametrize("latents", [1, 3, 4, 8, 12, 16])
def test_the_wire_leans_on_silent_channels_and_loses_none(latents: int) -> None:
    straight, folded = wiring(latents)[:latents], folding(latents)
    for lean in (0.0, 0.3, 1.0):
        matrix = (straight + lean * folded) / np.sqrt(1 + lean**2 * (folded**2).sum(axis=1))[:, None]
        assert np.linalg.norm(matrix, 2) <= np.sqrt(2.0)
        assert (np.abs(matrix).sum(axis=0) > 0).all() or lean == 0.0
    if latents < 12:
        assert (np.abs(straight).sum(axis=0) == 0).sum() == 12 - latents


def test_taught_sounds_come_back_at_their_gestures(calibration: Calibration, gaussian_card: Any) -> None:
    """With another mapping below, near neighbours among them: within 0.1 sigma."""
    rng = np.random.default_rng(5)
    taught = points(8, 12)
    near = taught.touch[0] + rng.normal(0, 1, 12) * 0.0
    near[0] += 0.15
    taught = Taught(np.vstack([taught.touch, near]), np.vstack([taught.y, -taught.y[0]]))
    made = player(calibration, gaussian_card(8), "rotate+snapshots", taught)
    for touch, y in zip(taught.touch, taught.y, strict=True):
        made.reset()
        got = settle(made, field_of(calibration, touch), 0.5)
        assert np.abs(got["touch"] - touch).max() < 1e-3
        assert np.abs(got["latent"] - y).max() < 0.1


def test_far_from_all_that_is_taught_the_family_plays(calibration: Calibration, gaussian_card: Any) -> None:
    taught = Taught(np.full((1, 12), 0.5), np.ones((1, 8)))
    away = field_of(calibration, np.full(12, -0.4))
    plain = settle(player(calibration, gaussian_card(8), "rotate"), away, 0.1)
    shaped = settle(player(calibration, gaussian_card(8), "rotate+snapshots", taught), away, 0.1)
    assert shaped["latent"] == pytest.approx(plain["latent"], abs=1e-5)


def test_bounds_hold_where_the_ground_is_steepest() -> None:
    """Each shaper's Lipschitz bound against differences of random neighbours."""
    rng = np.random.default_rng(0)
    into, phase, out = terrain.fourier_features(8, 3)
    bound = terrain.lipschitz(8, 3, 1.0, 0.3)
    steep = 0.0
    for _ in range(300):
        x = rng.normal(0, 1.5, 8)
        d = rng.normal(0, 1, 8) * 1e-5
        wave = [out @ np.sin(2 * np.pi * 0.3 * into @ p + phase) for p in (x, x + d)]
        steep = max(steep, np.linalg.norm(wave[1] - wave[0]) / np.linalg.norm(d))
    assert 0.1 * bound < steep <= bound
    taught = points(8, 9)
    width = snapshots.width_for(taught)
    held = snapshots.kept(taught, width)

    def recall(t: np.ndarray) -> np.ndarray:
        k = np.exp(-((taught.touch - t) ** 2).sum(axis=1) / (2 * width**2))
        return np.asarray(k @ held / (snapshots.BEFORE + k.sum()))

    bound, steep = snapshots.lipschitz(taught, 0.0, 0.0, width), 0.0
    for _ in range(4000):
        i, j = rng.integers(0, 9, 2)
        way = taught.touch[j] - taught.touch[i]
        t = taught.touch[i] + rng.uniform(0, 1.3) * way + rng.normal(0, 0.2, 12)
        d = rng.normal(0, 1, 12) * 1e-6
        steep = max(steep, np.linalg.norm(recall(t + d) - recall(t)) / np.linalg.norm(d))
    assert 0.05 * bound < steep <= bound


def test_memory_forgets_and_keeps_its_bound() -> None:
    inner, into, _ = memory.reservoir(8, 3)
    assert np.linalg.norm(inner, 2) <= 1.0
    rng = np.random.default_rng(0)
    one, two = rng.normal(0, 1, memory.NODES), rng.normal(0, 1, memory.NODES)
    apart = np.linalg.norm(one - two)
    leak, echo = 0.005 / 0.405, 0.8
    for step in range(1, 800):
        x = rng.normal(0, 1, 8)
        one, two = (h + leak * (np.tanh(echo * inner @ h + into @ x) - h) for h in (one, two))
        assert np.linalg.norm(one - two) <= apart * (1 - leak * (1 - echo)) ** step * (1 + 1e-9)
    assert np.linalg.norm(one - two) < 0.01 * apart
    assert memory.lipschitz(8, 3, 0.0, 0.8) == 1.0


def test_bodies_swing_within_their_bound_and_never_gain_energy(
    calibration: Calibration, gaussian_card: Any
) -> None:
    """A hand that shakes at the worst moment, knobs that are turned at random: the ball stays far."""
    rng = np.random.default_rng(4)
    made = player(calibration, gaussian_card(4), "wire+bodies", range=1.0)
    low, high = field_of(calibration, np.full(12, -0.2)), field_of(calibration, np.full(12, 0.2))
    reach = np.linalg.norm(settle(player(calibration, gaussian_card(4), "wire"), high, 0.1)["latent"])
    worst = 0.0
    for step in range(3000):
        if step % 40 == 0:
            made.set_knob("stiffness", rng.uniform(0.2, 12.0))
            made.set_knob("damping", rng.uniform(0.3, 0.98))
            made.set_knob("coupling", rng.uniform(0.0, 2.0))
        got = made.run({"field": low if step // 17 % 2 else high, **HERE})["latent"]
        worst = max(worst, np.linalg.norm(got))
    assert worst <= bodies.farthest_swing(0.3) * 2.0 * reach
    made.set_knob("damping", 0.5)
    still = settle(made, low, 10.0)["latent"]
    assert settle(made, low, 0.1)["latent"] == pytest.approx(still, abs=1e-5)


def test_life_moves_what_is_held_and_nothing_else(calibration: Calibration, gaussian_card: Any) -> None:
    held = {"field": field_of(calibration, np.full(12, 0.2)), **HERE}
    still = player(calibration, gaussian_card(8), "rotate")
    first = still.run(held)["latent"]
    assert all(np.array_equal(still.run(held)["latent"], first) for _ in range(50))
    lively = player(calibration, gaussian_card(8), "rotate", life=1.0)
    path = np.array([lively.run(held)["latent"] for _ in range(200 * 60)])
    assert np.sqrt(np.mean((path - first) ** 2)) == pytest.approx(SPREAD, rel=0.35)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps.max() <= SLEW_SIGMAS_PER_S * 0.005 * np.sqrt(8) * 1.001
    frames = path[:: 200 // 20]
    apart = np.linalg.norm(frames[:, None] - frames[None], axis=2) + 10 * np.eye(len(frames))
    assert apart.min() > 1e-4  # no frame of a minute comes twice
    again = player(calibration, gaussian_card(8), "rotate", life=1.0)
    assert np.array_equal(path[:400], [again.run(held)["latent"] for _ in range(400)])
    assert len(RATES_HZ) == 9


KNOBS = ("entanglement", "range", "recall", "terrain", "roughness", "orbit", "stiffness", "damping")
KNOBS += ("coupling", "memory", "echo", "memory_time", "life")


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([4, 8, 16]))
def test_the_longest_chain_never_steps_and_both_engines_agree(
    calibration: Calibration, gaussian_card: Any, seed: int, latents: int
) -> None:
    """Snatched magnets, knobs thrown about: every frame within the slew limit and the ball."""
    rng = np.random.default_rng(seed)
    taught = points(latents, 6, seed)
    model = touch_graph(calibration, gaussian_card(latents), LONGEST, seed, taught)
    ort, engine = GraphPlayer(model), firmware.Engine(compile_plan(model))
    ranges = dict(ort.card.knobs) if ort.card else {}
    assert set(KNOBS) <= set(ranges)
    knobs = {name: knob.default for name, knob in ranges.items()}
    away_mt, before = np.zeros((4, 3)), None
    for step in range(150):
        if step % 25 == 0:
            away_mt = rng.uniform(-5.0, 5.0, (4, 3))
            name = KNOBS[rng.integers(len(KNOBS))]
            knobs[name] = float(rng.uniform(ranges[name].minimum, ranges[name].maximum))
        turned = {f"knob.{name}": value for name, value in knobs.items()}
        feed = {"field": calibration.rest.offset_mt + away_mt, **HERE, **turned}
        feed = {name: np.asarray(value, dtype=np.float32) for name, value in feed.items()}
        ours, theirs = engine.run(feed)["latent"], ort.run(feed)["latent"]
        largest = float(np.abs(theirs).max())
        allowed = engines_apart(LONGEST, latents, seed, knobs, largest, taught)
        assert np.abs(ours - theirs).max() <= allowed
        assert np.linalg.norm(theirs) <= BALL_SIGMAS * np.sqrt(latents) * 1.001
        if before is not None:
            assert np.linalg.norm(theirs - before) <= SLEW_SIGMAS_PER_S * 0.005 * np.sqrt(latents) * 1.001
        before = theirs


def test_chains_that_make_no_sense_are_refused(calibration: Calibration, gaussian_card: Any) -> None:
    for name, said in (
        ("rotate+fog", "snapshots, terrain, bodies, memory"),
        ("rotate+memory+terrain", "write rotate+terrain+memory"),
        ("rotate+terrain+terrain", "each shaper once"),
        ("fog", "mapping out of"),
    ):
        with pytest.raises(MappingError, match=said.replace("+", r"\+")):
            touch_graph(calibration, gaussian_card(8), mapping=name)
    assert shapers.names() == ["snapshots", "terrain", "bodies", "memory"]


def test_taught_points_that_no_hand_can_tell_apart_are_refused(
    calibration: Calibration, gaussian_card: Any
) -> None:
    twice = np.zeros((2, 12))
    twice[1, 0] = 0.9 * NEAREST
    for taught, said in (
        (Taught(twice, np.zeros((2, 8))), "points 1 and 2"),
        (Taught(np.zeros((1, 12)), np.zeros((1, 7))), "8 latents"),
        (Taught(np.full((1, 12), np.nan), np.zeros((1, 8))), "finite"),
    ):
        with pytest.raises(MappingError, match=said):
            touch_graph(calibration, gaussian_card(8), "rotate+snapshots", taught=taught)


def test_from_voice_is_the_inverse_of_to_voice(calibration: Calibration) -> None:
    rng = np.random.default_rng(0)
    card = {"name": "t", "latent": {"mean": [0.3] * 4, "std": [2.0] * 4,
            "probabilities": [0.01, 0.2, 0.5, 0.8, 0.99],
            "quantiles": np.sort(rng.normal(0, 2, (4, 5)), axis=1).tolist()}}  # fmt: skip
    made = player(calibration, card, "wire")
    for _ in range(10):
        touch = rng.uniform(-0.25, 0.25, 12)
        got = settle(made, field_of(calibration, touch), 0.4)
        y = got["touch"].reshape(4, 3)[:, 0] / calibration.play.touch_rms
        assert from_voice(got["latent"], latent_statistics(card)) == pytest.approx(y, abs=1e-3)


def test_the_same_seed_writes_the_same_graph(calibration: Calibration, gaussian_card: Any) -> None:
    """The same seed writes the same bytes, and another seed others."""
    one, two, other = (
        touch_graph(calibration, gaussian_card(8), LONGEST, seed, points(8, 3)).graph.SerializeToString()
        for seed in (7, 7, 8)
    )
    assert one == two != other


@pytest.mark.parametrize("latents", [8, 16])
def test_the_longest_chain_is_cheap_on_a_bela(
    calibration: Calibration, gaussian_card: Any, latents: int
) -> None:
    """At most 150 microseconds of a Cortex-A8 at 1 GHz, at the pessimistic end."""
    plan = compile_plan(touch_graph(calibration, gaussian_card(latents), LONGEST, 0, points(latents, 12)))
    cycles = BOARDS["bela"].cycles(predicted(plan, "armv7"))
    assert cycles[1] <= 150e3


def test_knobs_stand_where_a_scene_wants_them(calibration: Calibration, gaussian_card: Any) -> None:
    turned = {"entanglement": 0.25, "life": 0.5, "roughness": 0.3}
    card = GraphPlayer(touch_graph(calibration, gaussian_card(8), "rotate+terrain", knobs=turned)).card
    assert card is not None
    assert {name: card.knobs[name].default for name in turned} == turned
    for knobs, said in (
        ({"entangelment": 0.5}, "did you mean entanglement"),
        ({"life": 1.5}, "life from 0 to 1"),
        ({"rest_capture": 1.0}, "a knob out of"),
    ):
        with pytest.raises(MappingError, match=said):
            touch_graph(calibration, gaussian_card(8), "rotate", knobs=knobs)
