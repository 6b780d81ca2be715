"""A graph as an ONNX model: opset 17, IR version 8, the names that the whole instrument relies on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

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
        self._model = onnx.ModelProto(ir_version=IR_VERSION, producer_name="lodestone")
        self._model.opset_import.append(helper.make_opsetid("", OPSET))
        self._small: dict[bytes, str] = {}

    def model(self, name: str) -> onnx.ModelProto:
        """Writes into the model in place: protobuf's helpers would hold three copies of the weights."""
        self._model.graph.name = _identifier(name)
        for label, value in self._graph.inputs.items():
            self._input(value, label)
        for k, draw in enumerate(self._graph.draws):
            self._input(draw.value, f"noise.{k}")
        for k, state in enumerate(self._graph.states):
            self._input(state.value, f"state.{k}")
        self._name_results()
        for node, value in self._ordered():
            self._write(node, value)
        for label, value in self._graph.outputs.items():
            self._output(value, label)
        for k, state in enumerate(self._graph.states):
            self._output(state.next, f"next.{k}")
        return self._model

    def _ordered(self) -> list[tuple[Node, Value]]:
        return [(value.node, value) for value in ordered(self._graph.results()) if value.node is not None]

    def _input(self, value: Value, name: str) -> None:
        self._names[id(value)] = name
        self._model.graph.input.append(_info(value, name))

    def _name_results(self) -> None:
        """Results bear their output's name, except those that are an input, a constant or another result."""
        results = {**self._graph.outputs, **{f"next.{k}": s.next for k, s in enumerate(self._graph.states)}}
        for name, value in results.items():
            if value.node is not None:
                self._names.setdefault(id(value), name)

    def _output(self, value: Value, name: str) -> None:
        if self._name(value) != name:
            self._add(helper.make_node("Identity", [self._name(value)], [name], name=name))
        self._model.graph.output.append(_info(value, name))

    def _add(self, node: onnx.NodeProto) -> None:
        self._model.graph.node.append(node)

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
        raw = np.ascontiguousarray(data, data.dtype.newbyteorder("<")).tobytes()
        key = f"{data.dtype.str}{data.shape}".encode() + raw if len(raw) <= 4096 else b""
        if key in self._small:
            return self._small[key]
        name = f"constant.{len(self._model.graph.initializer)}"
        tensor = self._model.graph.initializer.add(name=name, data_type=_type(data.dtype, name))
        tensor.dims.extend(data.shape)
        tensor.raw_data = raw
        if key:
            self._small[key] = name
        return name

    def _integers(self, numbers: Sequence[int]) -> str:
        data = np.asarray(numbers, np.int64)
        return self._constant(Value(tuple(data.shape), data.dtype, data))

    def _write(self, node: Node, value: Value) -> None:
        name = f"{node.name or 'model'}/{node.op}.{len(self._model.graph.node)}"
        output = self._names.setdefault(id(value), name)
        names = [self._name(source) for source in node.inputs]
        names, attributes = self._convention(node, names)
        self._add(helper.make_node(node.op, names, [output], name=name, **attributes))

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
            return names, {"to": _type(np.dtype(str(a["to"])), node.name)}
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
    return helper.make_tensor_value_info(name, _type(value.dtype, name), list(value.shape))


def _type(dtype: np.dtype[Any], name: str) -> int:
    if dtype.name not in _TYPES:
        raise ExportError("tensors of float32, int64 or bool", f"{dtype} at {name}", "report this model")
    return int(_TYPES[dtype.name])


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "voice"
