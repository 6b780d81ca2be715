"""The engine's own behaviour: loading, inputs, states, slices, noise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto

from definitions.operations import OPERATIONS
from firmware import Engine, EngineError
from model_export.compiler import compile_plan
from model_export.compiler.plan import sealed
from model_export.compiler.plan_reader import changed, read_plan
from model_export.quantise import quantise
from tests.support.graph_maker import GraphMaker
from tests.support.synthetic import decoder

VOICE = compile_plan(decoder(4))


def latents(count: int, seed: int = 0) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [{"latent": rng.normal(size=(1, 16, 1)).astype(np.float32)} for _ in range(count)]


def noisy() -> bytes:
    g = GraphMaker()
    noise = g.node("Add", g.input("noise.0", [40000]), g.input("knob.level", []))
    g.output(noise, "normal", [40000])
    g.output(g.input("noise.1", [40000]), "uniform", [40000])
    card = {
        "noise": {"noise.0": {"distribution": "normal"}, "noise.1": {"distribution": "uniform"}},
        "knobs": {"level": {"minimum": -1, "maximum": 1, "default": 0.25}},
    }
    return compile_plan(g.model(json.dumps(card)))


def test_reset_starts_again() -> None:
    engine = Engine(VOICE)
    first = [engine.run(feed)["audio"] for feed in latents(4)]
    engine.reset()
    again = [engine.run(feed)["audio"] for feed in latents(4)]
    assert not np.array_equal(first[0], first[1])
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_saved_state_goes_on_elsewhere() -> None:
    one, other = Engine(VOICE), Engine(VOICE)
    for feed in latents(3):
        one.run(feed)
    other.load_state(one.save_state())
    feed = latents(1, seed=9)[0]
    assert np.array_equal(one.run(feed)["audio"], other.run(feed)["audio"])
    with pytest.raises(EngineError, match="state of"):
        other.load_state(b"short")


@given(st.integers(1, 400))
@settings(max_examples=20, deadline=None)
def test_slices_give_the_same_bits(work_items: int) -> None:
    whole, sliced = Engine(VOICE), Engine(VOICE)
    for feed in latents(2):
        expected = whole.run(feed)["audio"]
        sliced.run(feed)  # sets the input; then the same call again, in slices, from the state before it
        sliced.load_state(_state_before(feed, expected))
        count = sliced.run_sliced(work_items)
        assert np.array_equal(sliced.outputs_now()["audio"], expected)
        assert count >= 1


def _state_before(feed: dict[str, np.ndarray], expected: np.ndarray) -> bytes:
    engine = Engine(VOICE)
    for earlier in latents(2):
        state = engine.save_state()
        if np.array_equal(engine.run(earlier)["audio"], expected):
            return state
    raise AssertionError("the call is not among those made")


def test_noise_is_drawn_from_the_seed_and_can_be_given() -> None:
    plan = noisy()
    one, other = Engine(plan), Engine(plan)
    one.seed(7)
    other.seed(7)
    a, b = one.run({}), other.run({})
    assert np.array_equal(a["normal"], b["normal"])
    other.seed(8)
    assert not np.array_equal(one.run({})["normal"], other.run({})["normal"])
    given_noise = np.arange(40000, dtype=np.float32)
    assert np.array_equal(one.run({"noise.0": given_noise, "knob.level": 1.0})["normal"], given_noise + 1)
    one.reset()
    assert np.array_equal(one.run({})["normal"], a["normal"])


def test_noise_has_its_distributions() -> None:
    drawn = Engine(noisy()).run({})
    normal, uniform = drawn["normal"] - 0.25, drawn["uniform"]
    assert abs(normal.mean()) < 0.02
    assert abs(normal.std() - 1) < 0.015
    assert abs((normal**4).mean() - 3) < 0.15
    for sigma, share in ((1, 0.15866), (2, 0.02275), (3, 0.00135)):
        assert abs((normal > sigma).mean() - share) < 4 * np.sqrt(share / normal.size)
    assert 0 <= uniform.min() < uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.01


def test_the_generator_gives_the_documented_numbers() -> None:
    """SplitMix64 by its definition, in Python; a call goes on where the last one ended."""
    engine = Engine(noisy())
    engine.seed(123)
    given_noise = {"noise.0": np.zeros(40000, np.float32)}
    calls = [engine.run(given_noise)["uniform"] for _ in range(2)]

    def draw(index: int) -> float:
        counter = (123 + (index + 1) * 0x9E3779B97F4A7C15) % 2**64
        z = ((counter ^ (counter >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) % 2**64
        return ((z ^ (z >> 31)) >> 40) * 2.0**-24

    count = calls[0].size
    assert calls[0][:5].tolist() == [draw(i) for i in range(5)]
    assert calls[1][:5].tolist() == [draw(count + i) for i in range(5)]


@pytest.mark.parametrize(
    ("feed", "message"),
    [
        ({}, 'a value for the input "latent"'),
        ({"latent": np.zeros((1, 4, 1))}, r"\[1, 16, 1\], got \[1, 4, 1\]"),
        ({"latent": np.zeros((1, 16, 1)), "volume": 1}, '"volume"'),
    ],
)
def test_wrong_inputs_are_named(feed: dict[str, object], message: str) -> None:
    with pytest.raises(EngineError, match=message):
        Engine(VOICE).run(feed)


def test_loading_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="plan file"):
        Engine.load(tmp_path / "missing.plan")
    path = tmp_path / "voice.plan"
    path.write_bytes(VOICE)
    assert Engine.load(path).name == "synthetic-4"
    assert json.loads(Engine.load(str(path)).card)["latents"] == 16
    with pytest.raises(EngineError, match="kernels"):
        Engine.load(path, kernels="abacus")
    for wrong in (b"", VOICE[:100], VOICE[:-1], b"x" + VOICE[1:], VOICE[:3000] + b"\xff" + VOICE[3001:]):
        with pytest.raises(EngineError, match="plan"):
            Engine(wrong)


FIRST, FIFTH = (read_plan(VOICE).operations[i] for i in (0, 4))


@pytest.mark.parametrize(
    ("layout", "at", "values"),
    [
        ("Header", 0, {"kind": 9}),
        ("Header", 0, {"arena_floats": 1}),
        ("Header", 0, {"state_floats": 1}),
        ("Header", 0, {"constant_floats": 0}),
        ("Header", 0, {"weight_bytes": 4}),
        ("Header", 0, {"operation_count": 2**20}),
        ("Header", 0, {"descriptors_at": 2**31}),
        ("Header", 0, {"version": 1}),
        ("Header", 0, {"frames": 2**29 + 1}),
        ("Header", 0, {"channels": 2}),
        ("Header", 0, {"hop": 2**31, "frames": 2}),
        ("Header", 0, {"latents": 15}),
        ("Header", 0, {"macs_per_second": float("nan")}),
        ("Header", 0, {"arena_floats": 2**26}),
        ("Conv", FIRST.at, {"kind": 99}),
        ("Conv", FIFTH.at, {"rows": 2**30}),
    ],
)
def test_plans_that_reach_out_of_their_spaces_are_refused(
    layout: str, at: int, values: dict[str, object]
) -> None:
    with pytest.raises(EngineError, match="compile the model again"):
        Engine(changed(VOICE, layout, at, **values))


def test_a_table_of_a_fraction_of_entries_is_refused() -> None:
    g = GraphMaker()
    table = g.constant(np.arange(12, dtype=np.float32).reshape(4, 3))
    g.output(g.node("Gather", table, g.input("index", [2], TensorProto.INT64), axis=0), "row", [2, 3])
    plan = compile_plan(g.model())
    gather = next(op for op in read_plan(plan).operations if op.kind == "Gather")
    assert np.array_equal(Engine(plan).run({"index": [9.0, np.nan]})["row"], [[9, 10, 11], [0, 1, 2]])
    for entries in (4.5, 0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(EngineError, match="look-up table"):
            Engine(changed(plan, "Loops", gather.at, parameter=(entries, gather["parameter"][1])))


def test_a_small_file_cannot_ask_for_more_memory_than_a_board_has() -> None:
    g = GraphMaker()
    g.output(g.node("Add", g.input("x", [1]), g.constant([1.0])), "y", [1])
    plan = compile_plan(g.model())
    for space in ("arena_floats", "state_floats", "io_floats"):
        with pytest.raises(EngineError, match="32 MB in each space"):
            Engine(changed(plan, "Header", **{space: 2**24}))


def test_what_a_plan_takes_in_memory_is_counted_before_it_is_taken() -> None:
    """A 16-bit input that is read again and again: a scratch of two thousand million bytes out of one row."""
    model = quantise(decoder(4), "w8a16", target_db=20.0).model
    plan = compile_plan(model)
    conv = next(op for op in read_plan(plan).operations if op.kind == "Conv" and op["format"] == 2)
    rows = {name: {**conv[name], "row_stride": 0} for name in ("input", "residual", "raw", "active")}
    with pytest.raises(EngineError, match="MB in memory"):
        Engine(changed(plan, "Conv", conv.at, rows=2**15, stride=2**11, **rows))


CHANGES = st.tuples(st.integers(0, 2**16), st.integers(0, 2**32 - 1))


@given(st.lists(CHANGES, min_size=1, max_size=6))
@settings(max_examples=150, deadline=None)
def test_mutated_plans_never_crash(changes: list[tuple[int, int]]) -> None:
    broken = bytearray(VOICE)
    reach = read_plan(VOICE).header["constants_at"] // 4  # header, descriptors, operations
    first = OPERATIONS.layout("Header").offset("kind") // 4
    for place, word in changes:
        at = 4 * (first + place % (reach - first))
        broken[at : at + 4] = (word if place % 3 else word % 64).to_bytes(4, "little")
    try:
        engine = Engine(sealed(broken))
    except EngineError:
        return
    engine.run({name: np.zeros(shape, np.float32) for name, shape in engine.inputs.items()})
