"""Strangers' model files: a run or one line, within 20 seconds of processor time and a bounded memory."""

from __future__ import annotations

import itertools
import random
from functools import partial
from pathlib import Path

import onnx
import pytest

from graphs.card import load_onnx
from graphs.errors import GraphError
from model_export.compiler import PlanError, compile_plan
from model_export.errors import ExportError
from model_export.graph.budget import Budget, flat_size, plain
from tests.support.attacks import graphs, judged, plans, scripts

BOMBS = dict(scripts.bombs())


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_asks_for_far_more_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "stranger.ts"
    path.write_bytes(BOMBS[name])
    assert judged.judged(partial(scripts.survive, path), len(BOMBS[name])) == "refused"


def test_mutated_scripts(tmp_path: Path) -> None:
    files, dice, path = scripts.real(), random.Random(3), tmp_path / "stranger.ts"
    for number in range(12):
        path.write_bytes(scripts.mutated(files, dice))
        came = judged.judged(partial(scripts.survive, path), path.stat().st_size)
        assert came in ("taken", "refused"), number


def test_mutated_graphs(tmp_path: Path) -> None:
    path, came = tmp_path / "stranger.onnx", set()
    for number, data in enumerate(itertools.islice(graphs.cases(5), 60)):
        path.write_bytes(data)
        came.add(judged.judged(partial(graphs.survive, path), len(data)))
        assert came <= {"taken", "refused"}, number
    assert came == {"taken", "refused"}


@pytest.mark.parametrize("location", ["other.bin", "/dev/zero", "../other.bin"])
def test_a_constant_that_names_another_file_is_refused(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.bin").write_bytes(bytes(16))
    elsewhere = onnx.TensorProto(name="k", data_type=1, dims=[4], data_location=onnx.TensorProto.EXTERNAL)
    elsewhere.external_data.add(key="location", value=location)
    model = plans.loops()
    node = onnx.helper.make_node("Constant", [], ["k"])
    node.attribute.add(name="value", type=onnx.AttributeProto.TENSOR, t=elsewhere)
    model.graph.node.insert(0, node)
    onnx.save(model, "stranger.onnx")
    for read in (compile_plan, load_onnx):
        with pytest.raises(GraphError, match="a model in one file"):
            read("stranger.onnx")


def test_constants_of_no_number_are_refused() -> None:
    for words in ({}, {"value_string": b"\xff"}, {"value": onnx.TensorProto(data_type=99, dims=[2])}):
        model = plans.loops()
        model.graph.node.insert(0, onnx.helper.make_node("Constant", [], ["k"], **words))
        with pytest.raises(PlanError):
            compile_plan(model)


def test_an_empty_file_is_no_graph(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    with pytest.raises(PlanError, match="outputs"):
        compile_plan(tmp_path / "empty.onnx")


def test_the_judge_tells_what_came_of_a_case() -> None:
    def forever() -> None:
        while True:
            pass

    assert judged.judged(lambda: None, 0) == "taken"
    assert judged.judged(lambda: {}["a"], 0) == "tracebacks"
    assert judged.judged(lambda: bytearray(1 << 31), 0) == "over memory"
    assert judged.judged(forever, 0, seconds=1) == "hangs"


def test_work_is_counted_down() -> None:
    budget = Budget(10)
    budget.spend(-5)
    budget.spend(10)
    with pytest.raises(ExportError, match="far more work"):
        budget.spend(1)
    nested: list[object] = []
    for _ in range(40):
        nested = [nested, nested]
    assert plain([1, "a", None])
    assert not plain(nested)
    with pytest.raises(ExportError, match="lists of lists"):
        flat_size(nested)
    assert flat_size([[1, 2], [3]]) == 3
