"""Mappings of the player's own: Python and ONNX, checked before they are flashed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from calibration import Calibration
from firmware import Engine
from graphs.card import read_card
from graphs.player import GraphPlayer
from mapping import touch_graph
from mapping.errors import MappingError
from mapping.probe import largest_jump, mapping_player
from model_export.compiler import compile_plan
from tests.support.graph_maker import GraphMaker
from tests.support.plain_board import gaussian_card

MINE = """
import numpy as np
import spox.opset.ai.onnx.v17 as op
from graphs.glide import glide
from graphs.knob import Knob
from graphs.stateful import const, shape_const

def swirl(graph, clock, touch, latents, seed):
    mix = np.random.default_rng(seed).normal(0.0, 0.3, (12, latents))
    row = op.matmul(op.reshape(touch, shape_const([1, 12])), const(mix))
    y = op.reshape(row, shape_const([latents]))
    bend = glide(graph, clock, "bend", Knob(0.0, 1.0, 0.5))
    return op.add(y, op.mul(bend, op.sin(y)))

def steps(graph, clock, touch, latents, seed):
    return op.round(swirl(graph, clock, touch, latents, seed))

def hole(graph, clock, touch, latents, seed):
    return op.log(swirl(graph, clock, touch, latents, seed))

def wrong(graph, clock, touch, latents, seed):
    return touch / 2

def short(graph, clock, touch, latents, seed):
    return touch

def none(graph, clock, touch, latents, seed):
    return 3.0
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


def test_a_function_of_the_players_plays_on_the_engine_as_in_onnx_runtime(
    mine: Path, calibration: Calibration
) -> None:
    model = touch_graph(calibration, gaussian_card(8), "mine.py:swirl+memory", seed=4, beside=mine)
    card = read_card(model)
    assert "bend" in card.knobs
    assert card.name == "mine.py:swirl+memory-4"
    engine, player = Engine(compile_plan(model)), GraphPlayer(model)
    random = np.random.default_rng(1)
    for _ in range(50):
        field = random.normal(0, 0.5, (4, 3)).astype(np.float32)
        feed = {"field": field, "valid": np.ones(4), "temperature": np.full(4, 25.0), "dt": 0.005}
        wanted = player.run(feed)["latent"]
        knobs = {f"knob.{name}": np.float32(knob.default) for name, knob in card.knobs.items()}
        given = {name: np.asarray(value, np.float32) for name, value in {**feed, **knobs}.items()}
        assert engine.run(given)["latent"] == pytest.approx(wanted, abs=2e-5)


def test_the_same_seed_is_the_same_mapping(mine: Path, calibration: Calibration) -> None:
    first, again, other = (
        touch_graph(calibration, gaussian_card(8), "mine.py:swirl", seed, beside=mine) for seed in (1, 1, 2)
    )
    assert first.graph.SerializeToString() == again.graph.SerializeToString()
    assert first.graph.SerializeToString() != other.graph.SerializeToString()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("mine.py:steps", "a jump of 1.00 sigma in latent"),
        ("mine.py:hole", "nan in latent"),
        ("mine.py:wrong", "TypeError at line 22"),
        ("mine.py:short", r"float32 \[12\]"),
        ("mine.py:none", "got float"),
        ("mine.py:nobody", "no 'nobody', but"),
        ("yours.py:swirl", "none at"),
        ("mine.onnx", "mine.onnx"),
        ("mine.py:swirl+nothing", "shapers out of"),
    ],
)
def test_what_is_no_mapping_is_told_in_one_line(
    mine: Path, calibration: Calibration, name: str, words: str
) -> None:
    with pytest.raises(MappingError, match=words) as caught:
        touch_graph(calibration, gaussian_card(8), name, beside=mine)
    assert "\n" not in str(caught.value)


def test_python_that_cannot_be_read_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("x = 1\nif x\n")
    with pytest.raises(MappingError, match="SyntaxError at line 2"):
        mapping_player("mine.py:swirl", 8, beside=tmp_path)


def net(path: Path, latents: int, output: str = "y", **more: list[int]) -> None:
    maker = GraphMaker()
    touch = maker.input("touch", [12])
    row = maker.node("Reshape", touch, maker.constant([1, 12], np.int64))
    weight = np.random.default_rng(3).normal(0, 0.3, (12, latents)).astype(np.float32)
    y = maker.node("Tanh", maker.node("MatMul", row, maker.constant(weight)))
    flat = maker.node("Reshape", y, maker.constant([latents], np.int64))
    knob = maker.input("knob.depth", [])
    echo = maker.input("state.0", [latents])
    mixed = maker.node("Add", flat, maker.node("Mul", knob, echo))
    maker.output(mixed, output, [latents])
    maker.output(flat, "next.0", [latents])
    for name, shape in more.items():
        maker.output(maker.node("Add", touch, maker.input(name, shape)), f"{name}.out", [12])
    onnx.save(maker.model(), path)


def test_a_graph_of_the_players_is_flashed_like_a_built_in_one(
    tmp_path: Path, calibration: Calibration
) -> None:
    net(tmp_path / "mine.onnx", 8)
    model = touch_graph(calibration, gaussian_card(8), "mine.onnx+bodies", beside=tmp_path)
    card = read_card(model)
    assert {"depth", "stiffness"} <= set(card.knobs)
    compile_plan(model)
    player = mapping_player("mine.onnx", 8, knobs={"depth": 0.5}, beside=tmp_path)
    touch = np.linspace(-1, 1, 12)
    first = player.run(touch=touch, dt=0.005)["y"]
    second = player.run(touch=touch, dt=0.005)["y"]
    assert second == pytest.approx(1.5 * first, abs=1e-6)  # its memory is carried on, its knob is heard


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: net(path, 6), r"y \[8\] in mine.onnx, for this voice, got y \[6\]"),
        (lambda path: net(path, 8, output="latent"), r"the output y"),
        (lambda path: net(path, 8, gain=[12]), r"got gain \[12\]"),
        (lambda path: path.write_bytes(b"no graph"), "ONNX"),
    ],
)
def test_a_graph_of_another_signature_is_refused(
    tmp_path: Path, calibration: Calibration, make: object, words: str
) -> None:
    make(tmp_path / "mine.onnx")  # type: ignore[operator]
    with pytest.raises(MappingError, match=words):
        touch_graph(calibration, gaussian_card(8), "mine.onnx", beside=tmp_path)


def test_no_built_in_mapping_jumps() -> None:
    for name in ("wire", "rotate", "rings", "rotate+terrain", "rings+bodies+memory"):
        assert largest_jump(mapping_player(name, 8, 2)).sigma < 1e-4, name
