"""On play: bounds hold, turns lose nothing, seeds are the same everywhere, engines agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

import firmware
from graphs.player import GraphPlayer
from lodestone.mapping_show import performance
from mapping import families, touch_graph
from mapping.families import rotate
from mapping.measures import DELTA
from mapping.probe import FRAME_S, mapping_player, play
from mapping.steepness import stated
from model_export.compiler import compile_plan
from tests.support.agreement import farthest
from tests.support.plain_board import field_of, gaussian_card, plain_calibration

CHAINS = ("rotate", "rings", "wire", "rotate+terrain", "wire+bodies", "rings+memory", "rotate+snapshots",
          "rings+terrain+bodies+memory")  # fmt: skip
LONGEST = "rotate+snapshots+terrain+bodies+memory"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """[N, 12] touch of unit spread, as a hand played the simulated board."""
    return performance(None, None, tmp_path_factory.mktemp("played"))


def test_every_family_states_a_bound() -> None:
    for name in families.names():
        assert stated(name, 12, 0, {}) is not None, name


@settings(max_examples=16, deadline=None)
@given(st.sampled_from(CHAINS), st.sampled_from([4, 8, 16]), st.integers(0, 2**32 - 1), st.data())
def test_no_two_gestures_are_further_apart_than_the_bound_says(
    played: np.ndarray, mapping: str, latents: int, seed: int, data: Any
) -> None:
    """Random knobs; moments of a performance and gestures thrown about, near to one another and far apart."""
    dice = np.random.default_rng(seed)
    ranges = {name: around for part in mapping.split("+") for name, around in KNOBS[part].items()}
    knobs = {name: data.draw(st.floats(*around)) for name, around in ranges.items()}
    player = mapping_player(mapping, latents, seed, knobs=knobs)
    bound = stated(mapping, latents, seed, knobs)
    assert bound is not None
    for _ in range(2):
        start = played[dice.integers(len(played))] if dice.random() < 0.5 else dice.normal(0, 1, 12)
        way = dice.normal(0, 1, 12)
        for length in (DELTA, 0.5):
            other = start + length * way / np.linalg.norm(way)
            one, two = (play(player, np.repeat(at[None], 40, axis=0), 4 * FRAME_S) for at in (start, other))
            apart = np.linalg.norm(two - one, axis=1).max()
            assert apart <= length * bound * (1.0 + 2e-3) + 2e-5


KNOBS: dict[str, dict[str, tuple[float, float]]] = {
    "rotate": {"entanglement": (0.0, 1.0)},
    "rings": {"radius": (27.3, 200.0)},
    "wire": {},
    "snapshots": {},
    "terrain": {"terrain": (0.0, 1.0), "roughness": (0.02, 1.0), "orbit": (0.0, 1.0)},
    "bodies": {"stiffness": (0.2, 12.0), "damping": (0.08, 0.98), "coupling": (0.0, 2.0)},
    "memory": {"memory": (0.0, 1.0), "echo": (0.0, 0.95), "memory_time": (0.02, 4.0)},
}


def participation(y: np.ndarray) -> float:
    covariance = np.cov(y.T)
    return float(np.trace(covariance) ** 2 / (covariance**2).sum())


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([12, 16]), st.integers(0, 2**32 - 1), st.floats(0.0, 1.0))
def test_a_turn_keeps_the_participation_ratio_and_every_length(
    played: np.ndarray, latents: int, seed: int, entanglement: float
) -> None:
    turn = rotate.planes(latents, seed)
    count, some = len(turn.angle), played[::8]
    angle = entanglement * turn.angle
    inside = some @ turn.into.T
    first, second = inside[:, :count], inside[:, count:]
    moved = np.concatenate(
        [(np.cos(angle) - 1) * first + np.sin(angle) * second,
         (np.cos(angle) - 1) * second - np.sin(angle) * first], axis=1
    )  # fmt: skip
    wired, y = some @ turn.wire.T, some @ (turn.wire.T) + moved @ turn.out.T
    assert participation(y) == pytest.approx(participation(wired), rel=2e-2)
    assert np.linalg.norm(y, axis=1) == pytest.approx(np.linalg.norm(wired, axis=1), rel=1e-4)


def test_another_library_of_linear_algebra_makes_the_same_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes other axes in each plane, the planes in another order, and rounds otherwise."""
    right = scipy.linalg.schur
    dice = np.random.default_rng(0)

    def other(matrix: np.ndarray, output: str) -> tuple[np.ndarray, np.ndarray]:
        schur, basis = right(matrix, output=output)
        pairs = [at for at in range(len(schur) - 1) if abs(schur[at, at + 1]) > 1e-9]
        dice.shuffle(pairs)
        made, axes = np.zeros_like(schur), np.zeros_like(basis)
        for place, at in enumerate(pairs):
            turn = dice.uniform(0, 2 * np.pi)
            cosine, sine = np.cos(turn), np.sin(turn)
            one, two = basis[:, at], basis[:, at + 1]
            axes[:, 2 * place] = cosine * one + sine * two
            axes[:, 2 * place + 1] = cosine * two - sine * one
            made[2 * place, 2 * place + 1] = schur[at, at + 1]
            made[2 * place + 1, 2 * place] = -schur[at, at + 1]
        return made, axes + dice.normal(0, 1e-14, axes.shape)

    for seed in range(20):
        mine = rotate.planes(12, seed)
        with monkeypatch.context() as patched:
            patched.setattr(rotate.scipy.linalg, "schur", other)
            theirs = rotate.planes(12, seed)
        for name in ("wire", "into", "out", "angle"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name)), (seed, name)


@pytest.mark.parametrize("mapping", [*CHAINS, LONGEST])
def test_engine_and_onnx_runtime_agree_on_a_performance(played: np.ndarray, mapping: str) -> None:
    """To 1e-6 of the largest latent, as they are handed over; life comes and goes."""
    calibration = plain_calibration()
    model = touch_graph(calibration, gaussian_card(8), mapping, 5)
    theirs, ours = GraphPlayer(model), firmware.Engine(compile_plan(model))
    assert theirs.card is not None
    knobs = {name: knob.default for name, knob in theirs.card.knobs.items()} | {"life": 0.5}
    worst = 0.0
    for frame, touch in enumerate(played[:: len(played) // 150][:150]):
        feed = {"field": field_of(calibration, np.clip(touch / 4.0, -0.65, 0.65)), "valid": np.ones(4),
                "temperature": np.full(4, 25.0), "dt": np.array(0.005)}  # fmt: skip
        feed |= {f"knob.{name}": np.array(value) for name, value in knobs.items()}
        single = {name: np.asarray(value, np.float32) for name, value in feed.items()}
        one, other = ours.run(single)["latent"], theirs.run(single)["latent"]
        worst = max(worst, float(np.abs(one - other).max()) / max(1.0, float(np.abs(other).max())))
        knobs["life"] = 0.5 + 0.5 * np.sin(frame / 40.0)
    assert worst <= 1e-6


@settings(max_examples=5, deadline=None)
@given(st.sampled_from([*CHAINS, LONGEST]), st.sampled_from([4, 8, 16]), st.integers(0, 2**32 - 1))
def test_engines_agree_at_any_knobs(played: np.ndarray, mapping: str, latents: int, seed: int) -> None:
    """As far as 32 bits can tell; `python -m bench.agreement` draws many more, with 64 bits beside them."""
    found = farthest(mapping, latents, seed, played, frames=50)
    assert found.engines <= found.allowed


def test_a_slow_swing_that_hardly_fades_is_the_same_in_both_engines() -> None:
    """The worst of all knobs: what is rounded in one frame is kept for two thousand."""
    calibration = plain_calibration()
    model = touch_graph(calibration, gaussian_card(8), "wire+bodies")
    theirs, ours = GraphPlayer(model), firmware.Engine(compile_plan(model))
    assert theirs.card is not None
    knobs = {name: knob.default for name, knob in theirs.card.knobs.items()}
    knobs |= {"stiffness": 0.2, "damping": 0.08, "coupling": 2.0}
    dice, worst = np.random.default_rng(1), 0.0
    feed = {"valid": np.ones(4), "temperature": np.full(4, 25.0), "dt": np.array(0.005)}
    feed |= {f"knob.{name}": np.array(value) for name, value in knobs.items()}
    for frame in range(600):
        if frame % 50 == 0:
            feed["field"] = field_of(calibration, dice.uniform(-0.55, 0.55, 12))
        single = {name: np.asarray(value, np.float32) for name, value in feed.items()}
        worst = max(worst, float(np.abs(ours.run(single)["latent"] - theirs.run(single)["latent"]).max()))
    assert worst <= 1e-6
