"""From sigma to a voice's latents: its quantiles, the ball, the slew."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx
import pytest
import scipy.special
import scipy.stats

from calibration import Calibration
from graphs.clock import start_clock
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph
from mapping import MappingError, touch_graph
from mapping.arbitrariness import (
    BALL_SIGMAS,
    LATENT_SIGMAS_PER_S,
    SLEW_SIGMAS_PER_S,
    ball_limit,
    slew_limit,
    to_voice,
)
from mapping.latent_statistics import latent_statistics
from tests.support.plain_board import field_of

HERE = {"valid": np.ones(4), "temperature": np.full(4, 25.0), "dt": 0.005}


def card(quantiles: Any, probabilities: Any, **latent: Any) -> dict[str, Any]:
    count = len(quantiles)
    base = {"mean": [0.0] * count, "std": [1.0] * count, "probabilities": list(probabilities)}
    return {"name": "test", "latent": {**base, "quantiles": np.asarray(quantiles).tolist(), **latent}}


def through(build: Any, y: np.ndarray) -> np.ndarray:
    graph = StatefulGraph()
    graph.output("z", build(graph.input("y", y.shape)))
    return np.asarray(GraphPlayer(graph.build()).run(y=y)["z"])


def test_quantile_function_of_the_card() -> None:
    """At the knots exactly Q(p), between them monotone, beyond them on with the last slope."""
    probabilities = np.array([0.01, 0.1, 0.3, 0.5, 0.9, 0.99])
    quantiles = np.array([[-3, -1, -1, 0, 5, 6.0], [0, 0.1, 0.2, 0.3, 0.4, 9]])
    statistics = latent_statistics(card(quantiles, probabilities))
    for number, probability in enumerate(probabilities):
        y = np.full(2, scipy.special.ndtri(probability))
        assert through(lambda v: to_voice(v, statistics), y) == pytest.approx(quantiles[:, number], abs=2e-6)
    path = np.array(
        [through(lambda v: to_voice(v, statistics), np.full(2, y)) for y in np.linspace(-4, 4, 81)]
    )
    assert (np.diff(path, axis=0) >= 0).all()
    assert path[-1, 0] > path[-5, 0] > quantiles[0, -1]


def test_a_normal_corpus_gives_a_straight_line() -> None:
    probabilities = np.linspace(0.001, 0.999, 33)
    quantiles = 2.0 + 3.0 * scipy.stats.norm.ppf(probabilities)[None].repeat(4, axis=0)
    statistics = latent_statistics(card(quantiles, probabilities))
    y = np.array([-2.5, -0.1, 0.7, 3.0])
    assert through(lambda v: to_voice(v, statistics), y) == pytest.approx(2.0 + 3.0 * y, abs=1e-5)


def test_probabilities_of_zero_and_one_are_usable() -> None:
    statistics = latent_statistics(card([[-1.0, 0.0, 1.0]], [0.0, 0.5, 1.0]))
    assert np.isfinite(through(lambda v: to_voice(v, statistics), np.zeros(1))).all()


def test_the_ball() -> None:
    """Inside untouched to the last bit, outside on the surface in the same direction."""
    inside = np.array([1.0, -2.0, 0.5, 0.0], dtype=np.float32)
    assert np.array_equal(through(lambda v: ball_limit(v, 4), inside), inside)
    outside = through(lambda v: ball_limit(v, 4), 100 * inside)
    assert np.linalg.norm(outside) == pytest.approx(BALL_SIGMAS * 2, rel=1e-6)
    assert outside / np.linalg.norm(outside) == pytest.approx(inside / np.linalg.norm(inside), abs=1e-6)


def test_no_latent_leaps_while_the_others_rest() -> None:
    graph = StatefulGraph()
    clock = start_clock(graph)
    graph.output("out", slew_limit(graph, clock, graph.input("y", (16,)), 16))
    player, before = GraphPlayer(graph.build()), np.zeros(16)
    goal = np.zeros(16, dtype=np.float32)
    step = np.array(0.005, dtype=np.float32)
    player.run({"y": goal, "dt": step})
    goal[3] = 4.0  # all of it in one latent: the rms bound alone would let it go 1.2 sigma a frame
    for frame in range(1, 8):
        now = player.run({"y": goal, "dt": step})["out"]
        assert np.abs(now - before).max() <= LATENT_SIGMAS_PER_S * 0.005 + 1e-6
        before = now
        assert frame < 7 or now[3] == 4.0


@pytest.mark.parametrize("dt", [0.005, 0.01, 0.0, 1.0])
def test_a_snatched_magnet_never_outruns_the_slew(
    calibration: Calibration, gaussian_card: Any, dt: float
) -> None:
    player = GraphPlayer(touch_graph(calibration, gaussian_card(8)))
    player.set_knob("range", 3.0)
    touches, path = np.full((4, 3), 5.0), []
    for frame in range(60):
        played = touches if frame < 30 else 0 * touches
        step = player.run(field=calibration.rest.offset_mt + played, **{**HERE, "dt": dt})
        path.append(step["latent"])
    largest = np.linalg.norm(np.diff(path, axis=0), axis=1).max()
    most = SLEW_SIGMAS_PER_S * math.sqrt(8) * min(dt, 0.05)
    assert largest <= most * (1 + 1e-5)
    if 0 < dt < 0.05:
        assert largest > 0.9 * most


def test_free_play_moves_latents_by_one_sigma(calibration: Calibration, gaussian_card: Any) -> None:
    player = GraphPlayer(touch_graph(calibration, gaussian_card(12)))
    rng = np.random.default_rng(0)
    held, path, touches = rng.uniform(-0.7, 0.7, (400, 12)), [], []
    player.set_knob("entanglement", 1.0)
    for touch in held:
        field = field_of(calibration, touch)
        for _ in range(12):
            result = player.run(field=field, **HERE)
        path.append(result["latent"])
        touches.append(result["touch"])
    as_in_play = np.sqrt(np.mean(np.square(touches))) / calibration.play.touch_rms
    assert np.sqrt(np.mean(np.square(path))) == pytest.approx(as_in_play, rel=0.05)


@pytest.mark.parametrize(
    ("latent", "words"),
    [
        pytest.param(None, "without them", id="no statistics"),
        pytest.param({"mean": [0.0], "std": [1.0, 2.0]}, "1 means and 2 spreads", id="lengths"),
        pytest.param({"mean": [float("nan")], "std": [1.0]}, "not numbers", id="nan"),
        pytest.param(
            {"mean": [0.0], "std": [1.0], "probabilities": [0.1, 0.9], "quantiles": [[2.0, 1.0]]},
            "quantiles that fall",
            id="falling",
        ),
    ],
)
def test_a_card_that_says_too_little_is_refused(latent: Any, words: str) -> None:
    with pytest.raises(MappingError, match=words):
        latent_statistics({"name": "test", "latent": latent})


def test_an_unknown_mapping_is_refused(calibration: Calibration, gaussian_card: Any) -> None:
    with pytest.raises(MappingError, match="rotate"):
        touch_graph(calibration, gaussian_card(8), mapping="teleport")


ALLOWED = """
Add Sub Mul Div Neg Abs Sign Sqrt Exp Log Pow Sin Cos Tanh Sigmoid Asinh Erf Floor Min Max Clip Where Less
LessOrEqual Greater GreaterOrEqual Equal And Or Not Cast MatMul Gemm ReduceSum ReduceMean ReduceMax ReduceMin
Reshape Flatten Slice Concat Gather Transpose Unsqueeze Squeeze Expand Identity Constant Softmax
"""


def test_the_graph_keeps_to_the_conventions(calibration: Calibration, gaussian_card: Any) -> None:
    """Only operators that every engine takes; each state comes back with its shape; the rest first."""
    model = touch_graph(calibration, gaussian_card(16))
    onnx.checker.check_model(model, full_check=True)
    assert {node.op_type for node in model.graph.node} <= set(ALLOWED.split())
    assert model.opset_import[0].version == 17
    assert model.ir_version <= 9

    def shapes(values: Any) -> dict[str, list[int]]:
        return {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in values}

    given, results = shapes(model.graph.input), shapes(model.graph.output)
    states = {name[6:]: shape for name, shape in given.items() if name.startswith("state.")}
    assert states == {name[5:]: shape for name, shape in results.items() if name.startswith("next.")}
    assert sorted(states, key=int) == [str(n) for n in range(len(states))]
    assert states["0"] == [4, 3]
    assert given["field"] == [4, 3]
    assert results["touch"] == [12]
    assert results["latent"] == [16]
    player = GraphPlayer(model)
    assert set(player.card.knobs) >= {"entanglement", "reach", "range", "rest_capture"}
    assert player.card.states["state.0"] == "rest"
