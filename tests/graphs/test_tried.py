"""Graphs that ask for too much are refused before they run in this process."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from graphs.child import module_command
from graphs.errors import GraphError
from graphs.tried import tried
from tests.support.graph_maker import GraphMaker
from tests.support.tiny import voice_model


def bomb(count: int) -> onnx.ModelProto:
    """A graph of some hundred bytes that makes `count` floats of one."""
    g = GraphMaker()
    x = g.input("latent", [1, 2, 1])
    grown = g.node("Expand", x, g.constant([count, 2, 1], np.int64))
    g.output(g.node("ReduceMax", grown, axes=[0, 1, 2], keepdims=0), "audio", [])
    return g.model("{}")


def endless() -> onnx.ModelProto:
    """A loop of 2⁶² turns."""
    true = numpy_helper.from_array(np.array(True), "true")
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["goes"]), helper.make_node("Sin", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("turn", onnx.TensorProto.INT64, []),
            helper.make_tensor_value_info("go", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 2, 1]),
        ],
        [
            helper.make_tensor_value_info("goes", onnx.TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 2, 1]),
        ],
    )
    turns = numpy_helper.from_array(np.array(2**62), "turns")
    loop = helper.make_node("Loop", ["turns", "true", "latent"], ["audio"], body=body)
    graph = helper.make_graph(
        [loop],
        "endless",
        [helper.make_tensor_value_info("latent", onnx.TensorProto.FLOAT, [1, 2, 1])],
        [helper.make_tensor_value_info("audio", onnx.TensorProto.FLOAT, [1, 2, 1])],
        [true, turns],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_plain_one_is_taken() -> None:
    model = voice_model(64)
    del model.metadata_props[:]  # the card is read elsewhere
    assert tried(model) is model


def test_nothing_of_the_folder_is_run(tmp_path: Path) -> None:
    """A stranger's folder may have modules that are called as ours, or as what ours import."""
    (tmp_path / "strange.py").write_text("open('run', 'w').close()\n")
    (tmp_path / "runpy.py").write_text("open('run', 'w').close()\n")
    said = subprocess.run(module_command("strange"), cwd=tmp_path, capture_output=True, check=False)
    assert b"No module named strange" in said.stderr
    own = subprocess.run([*module_command("lodestone"), "--version"], cwd=tmp_path, capture_output=True)
    assert own.returncode == 0, own.stderr
    assert not (tmp_path / "run").exists()


def test_a_bomb_and_an_endless_one_are_refused() -> None:
    with pytest.raises(GraphError, match="wanted a graph that needs less"):
        tried(bomb(2**32))
    with pytest.raises(GraphError, match="wanted a graph that needs less"):
        tried(endless(), seconds=2)
