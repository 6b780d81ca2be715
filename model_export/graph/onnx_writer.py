"""A graph as an ONNX model: opset 17, IR version 8, the names that the whole instrument relies on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from model_export.errors import ExportError
from model_export.graph.ir import Array, Attribute, Graph, Node, Value, ordered

OPSET = 17
IR_VERSION = 8
_TYPES = {
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
}


def to_onnx(graph: Graph, name: str) -> onnx.ModelProto:
    """The model. Inputs: the graph's, then `noise.K`, then `state.K`; outputs: the graph's, then `next.K`."""
    return _Writer(graph).model(name)


def initial_states(graph: Graph) -> dict[str, Array]:
    """The states that do not start at zero, by the names that `to_onnx` gives them."""
    return {f"state.{k}": s.initial for k, s in enumerate(graph.states) if s.initial is not None}


class _Writer:
    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._names: dict[int, str] = {}
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}
        self._small: dict[bytes, str] = {}

    def model(self, name: str) -> onnx.ModelProto:
        inputs = [self._input(value, label) for label, value in self._graph.inputs.items()]
        inputs += [self._input(d.value, f"noise.{k}") for k, d in enumerate(self._graph.draws)]
        inputs += [self._input(s.value, f"state.{k}") for k, s in enumerate(self._graph.states)]
        self._name_results()
        for node, value in self._ordered():
            self._write(node, value)
        outputs = [self._output(value, label) for label, value in self._graph.outputs.items()]
        outputs += [self._output(s.next, f"next.{k}") for k, s in enumerate(self._graph.states)]
        graph = helper.make_graph(
            self._nodes, _identifier(name), inputs, outputs, list(self._constants.values())
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="lodestone"
        )
        model.ir_version = IR_VERSION
        return model

    def _ordered(self) -> list[tuple[Node, Value]]:
        return [(value.node, value) for value in ordered(self._graph.results()) if value.node is not None]

    def _input(self, value: Value, name: str) -> onnx.ValueInfoProto:
        self._names[id(value)] = name
        return _info(value, name)

    def _name_results(self) -> None:
        """Results bear their output's name, except those that are an input, a constant or another result."""
        results = {**self._graph.outputs, **{f"next.{k}": s.next for k, s in enumerate(self._graph.states)}}
        for name, value in results.items():
            if value.node is not None:
                self._names.setdefault(id(value), name)

    def _output(self, value: Value, name: str) -> onnx.ValueInfoProto:
        if self._name(value) != name:
            self._nodes.append(helper.make_node("Identity", [self._name(value)], [name], name=name))
        return _info(value, name)

    def _name(self, value: Value) -> str:
        if id(value) in self._names:
            return self._names[id(value)]
        if value.constant is None:
            raise ExportError("a graph whose values are all computed", "a loose value", "report this model")
        self._names[id(value)] = self._constant(value)
        return self._names[id(value)]

    def _constant(self, value: Value) -> str:
        data = value.constant
        assert data is not None
        data = np.ascontiguousarray(data)
        key = data.dtype.str.encode() + repr(data.shape).encode() + data.tobytes()
        if data.nbytes <= 4096 and key in self._small:
            return self._small[key]
        name = f"constant.{len(self._constants)}"
        self._constants[name] = numpy_helper.from_array(data, name)
        if data.nbytes <= 4096:
            self._small[key] = name
        return name

    def _integers(self, numbers: Sequence[int]) -> str:
        data = np.asarray(numbers, np.int64)
        return self._constant(Value(tuple(data.shape), data.dtype, data))

    def _write(self, node: Node, value: Value) -> None:
        name = f"{node.scope or 'model'}/{node.op}.{len(self._nodes)}"
        output = self._names.setdefault(id(value), name)
        names = [self._name(source) for source in node.inputs]
        names, attributes = self._convention(node, names)
        self._nodes.append(helper.make_node(node.op, names, [output], name=name, **attributes))

    def _convention(self, node: Node, names: list[str]) -> tuple[list[str], dict[str, Any]]:
        """Inputs and attributes as ONNX wants them."""
        a = node.attributes
        if node.op == "Slice":
            bounds = (a["start"], a["stop"], a["axis"], a["step"])
            return [*names, *(self._integers([_int(n)]) for n in bounds)], {}
        if node.op == "Conv":
            kernel = node.inputs[1].shape[2]
            return names, _conv_attributes(a, kernel)
        if node.op == "ConvTranspose":
            return names, {"strides": [_int(a["stride"])], "group": _int(a["groups"])}
        if node.op == "GRU":
            return [*names[:4], "", names[4]], dict(a)
        if node.op == "ReduceSum":
            axes = a["axes"]
            assert isinstance(axes, tuple)
            return [*names, self._integers(axes)], {"keepdims": 1}
        if node.op.startswith("Reduce"):
            return names, {"axes": a["axes"], "keepdims": 1}
        if node.op == "Cast":
            return names, {"to": _TYPES[str(a["to"])]}
        return names, dict(a)


def _conv_attributes(a: dict[str, Attribute], kernel: int) -> dict[str, Any]:
    return {
        "kernel_shape": [kernel],
        "strides": [_int(a["stride"])],
        "dilations": [_int(a["dilation"])],
        "group": _int(a["groups"]),
        "pads": [0, 0],
    }


def _int(attribute: Attribute) -> int:
    assert isinstance(attribute, int)
    return attribute


def _info(value: Value, name: str) -> onnx.ValueInfoProto:
    if value.dtype.name not in _TYPES:
        raise ExportError(
            "tensors of float32, int64 or bool", f"{value.dtype} at {name}", "report this model"
        )
    return helper.make_tensor_value_info(name, _TYPES[value.dtype.name], list(value.shape))


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "voice"
