"""Writes small ONNX graphs: one line per node, states and constants named by themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Array = npt.NDArray[Any]


class GraphMaker:
    """Collects nodes; `model()` gives the finished model of opset 17."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.states = 0

    def constant(self, data: object, dtype: Any = np.float32) -> str:
        """A constant's name."""
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.asarray(data, dtype), name))
        return name

    def input(self, name: str, shape: list[int], kind: int = TensorProto.FLOAT) -> str:
        """A graph input."""
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, source: str, name: str, shape: list[int], kind: int = TensorProto.FLOAT) -> None:
        """A graph output, fed by `source`."""
        self.nodes.append(helper.make_node("Identity", [source], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, kind, shape))

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """One node; returns its output's name."""
        name = f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], **attributes))
        return name

    def slice(self, x: str, axis: int, start: int, end: int) -> str:
        """Elements start..end-1 of one axis."""
        bounds = [self.constant([n], np.int64) for n in (start, end, axis)]
        return self.node("Slice", x, *bounds)

    def history(self, x: str, channels: int, rows: int, length: int) -> str:
        """`rows` rows of the past in front of x [1, channels, length]: a state and its next."""
        if rows == 0:
            return x
        state = self.input(f"state.{self.states}", [1, channels, rows])
        whole = self.node("Concat", state, x, axis=2)
        last = self.slice(whole, 2, length, length + rows)
        self.output(last, f"next.{self.states}", [1, channels, rows])
        self.states += 1
        return whole

    def model(self, card: str = "") -> onnx.ModelProto:
        """The model, checked."""
        graph = helper.make_graph(self.nodes, "graph", self.inputs, self.outputs, self.initializers)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        if card:
            made.metadata_props.add(key="lodestone.card", value=card)
        onnx.checker.check_model(made)
        return made
