"""A voice cut into stages: one after the other they are the whole plan, bit for bit."""

from __future__ import annotations

import itertools
import json
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from firmware import Engine
from lodestone.cli import build_app
from model_export.compiler import PlanError, compile_plan, compile_stages
from model_export.compiler.fit import fit_stages, staged_advice
from model_export.compiler.plan_reader import read_plan
from model_export.quantise import quantise
from tests.support import rave_voices
from tests.support.graph_maker import GraphMaker
from tests.support.synthetic import decoder, published
from voices.voice_graph import export_voice


@cache
def voice(name: str) -> onnx.ModelProto:
    if name.endswith("-8bit"):
        return quantise(voice(name.removesuffix("-8bit")), "w8a16", target_db=30.0).model
    if name.startswith("capacity-"):
        return decoder(int(name.removeprefix("capacity-")))
    return published(name, capacity=4) if name.startswith("v") else export_voice(rave_voices.find(name).path)


def latent_count(plan: bytes) -> int:
    return int(read_plan(plan).header["latents"])


def delay(plan: bytes) -> int:
    return int(read_plan(plan).header["delay_samples"])


def card(plan: bytes) -> dict[str, object]:
    return json.loads(read_plan(plan).card or "{}")  # type: ignore[no-any-return]


def in_sequence(stages: list[Engine], latent: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    values = {"latent": latent}
    for stage in stages:
        values = stage.run(values)
    return values["audio"]


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize(
    "name", ["glass", "water", "glass32", "glass-8bit", "water-8bit", "v1", "v3", "capacity-64"]
)
def test_stages_in_sequence_are_the_whole_voice(name: str, count: int) -> None:
    model = voice(name)
    whole, plans = compile_plan(model), compile_stages(model, count)
    engines, one = [Engine(plan) for plan in plans], Engine(whole)
    rng = np.random.default_rng(1)
    sounds = []
    for block in range(6):
        if block == 4:  # an evening starts again
            for engine in (one, *engines):
                engine.reset()
        z = rng.normal(size=(1, latent_count(whole), 1)).astype(np.float32)
        sounds.append(one.run({"latent": z})["audio"])
        assert np.array_equal(in_sequence(engines, z), sounds[-1])
    assert not np.array_equal(sounds[0], sounds[1])
    assert len(plans) == count


@pytest.mark.parametrize(
    ("name", "count", "part"), [("glass32", 2, 0.62), ("glass32", 3, 0.45), ("glass-8bit", 2, 0.8)]
)
def test_the_slowest_stage_is_not_much_more_than_its_part(name: str, count: int, part: float) -> None:
    whole = fit_stages(voice(name), 1, "bela-gem")[0].load
    stages = [stage.load for stage in fit_stages(voice(name), count, "bela-gem")]
    assert max(stage.low for stage in stages) < part * whole.low
    assert max(stage.high for stage in stages) < whole.high


def test_every_stage_tells_the_delay_of_all_and_its_own_share() -> None:
    model = voice("glass")
    whole, stages = compile_plan(model), compile_stages(model, 3)
    block = 2048
    assert [delay(plan) for plan in stages] == [delay(whole) + 2 * block] * 3
    cards = [card(plan) for plan in stages]
    assert [c["stage"]["number"] for c in cards] == [1, 2, 3]  # type: ignore[index]
    total = card(whole)["macs_per_second"]
    assert sum(c["macs_per_second"] for c in cards) == pytest.approx(total)  # type: ignore[misc]
    assert all("reference" not in c and c["name"] == cards[0]["name"] for c in cards)


def noisy(at_both_ends: bool) -> onnx.ModelProto:
    """Two layers; noise comes before the first, and another noise behind the second."""
    g = GraphMaker()
    x = g.input("latent", [1, 8, 4])
    if at_both_ends:
        x = g.node("Add", x, g.input("noise.0", [1, 8, 4]))
    for _ in range(4):
        x = g.node("Conv", x, g.constant(np.random.default_rng(3).normal(size=(8, 8, 1)).astype(np.float32)))
        x = g.node("Tanh", x)
    g.output(g.node("Mul", x, g.input("noise.1", [1, 8, 4])), "audio", [1, 8, 4])
    return g.model(json.dumps({"kind": "voice", "noise": {"noise.1": {"distribution": "uniform"}}}))


@pytest.mark.parametrize("at_both_ends", [False, True])
def test_stages_draw_the_same_random_numbers(at_both_ends: bool) -> None:
    model = noisy(at_both_ends)
    one, engines = Engine(compile_plan(model)), [Engine(plan) for plan in compile_stages(model, 2)]
    assert (
        "noise.1" in engines[1].inputs
    ) != at_both_ends  # it stays where it is needed, if that is the first place
    z = np.zeros((1, 8, 4), np.float32)
    for _ in range(3):
        assert np.array_equal(one.run({"latent": z})["audio"], in_sequence(engines, z))


def loop(layers: int) -> onnx.ModelProto:
    """One state that the first layer reads and the last one writes."""
    g = GraphMaker()
    x = g.node("Add", g.input("latent", [1, 4, 4]), g.input("state.0", [1, 4, 4]))
    for _ in range(layers):
        x = g.node("Tanh", x)
    g.output(x, "next.0", [1, 4, 4])
    g.output(g.node("Neg", x), "audio", [1, 4, 4])
    return g.model(json.dumps({"kind": "voice"}))


def test_what_cannot_be_cut_is_refused_in_a_sentence() -> None:
    with pytest.raises(PlanError, match="cut into 3"):
        compile_stages(loop(5), 3)
    with pytest.raises(PlanError, match="1 to 3 stages"):
        compile_stages(loop(5), 4)
    with pytest.raises(PlanError, match="bela-gem for 2 stages, got 'bela'"):
        fit_stages(loop(5), 2, "bela")


def test_a_state_is_never_torn_apart() -> None:
    for first, second in itertools.pairwise(compile_stages(loop(5), 2)):
        assert (len(Engine(first).save_state()) > 8) != (len(Engine(second).save_state()) > 8)


def test_commands(tmp_path: Path) -> None:
    model = tmp_path / "big.onnx"
    model.write_bytes(voice("capacity-64").SerializeToString())
    run = CliRunner()
    done = run.invoke(build_app(), ["compile", str(model), "--stages", "2", "--json"])
    assert done.exit_code == 0, done.output
    assert [(tmp_path / f"big.stage{n}.plan").is_file() for n in (1, 2)] == [True, True]
    told = run.invoke(build_app(), ["fit", str(model), "--target", "bela-gem"]).output
    assert "does not fit" in told
    assert "play it in 2 stages, each on a core of its own, a block later" in told
    told = run.invoke(build_app(), ["fit", str(model), "--target", "bela-gem", "--stages", "2"]).output
    assert "stage 2 of 2 of big.onnx on bela-gem" in told
    assert told.strip().endswith(("fits", "of each core)"))
    assert staged_advice(model, "bela") == []
