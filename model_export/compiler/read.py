"""ONNX into the compiler's graph: every shape static, whatever depends on constants alone computed now."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from files import FileError, plain_file
from graphs.card import MOST_ONNX_BYTES, check_in_one_file
from graphs.errors import GraphError
from graphs.shapes import inferred
from model_export.compiler.errors import PlanError
from model_export.compiler.header import shown
from model_export.compiler.nodes import NodeList, constant, new_node
from model_export.compiler.slices import check_slices
from model_export.graph.ir import Node, Value

_FLOATS = {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16}
_INTS = {
    onnx.TensorProto.INT64,
    onnx.TensorProto.INT32,
    onnx.TensorProto.INT16,
    onnx.TensorProto.INT8,
    onnx.TensorProto.UINT8,
    onnx.TensorProto.UINT16,
}
MOST_NODES = 100_000  # the largest real graph has 3,000
MOST_ELEMENTS = 1 << 26  # of one tensor; the largest real one, a weight of capacity 96, has 2^23
MOST_COMPUTED = 1 << 27  # of all constants that are computed from others, and what they are computed from
_AGAIN = "export the model again"
_NESTED = {onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS}
_GROWING = {"ConstantOfShape", "Expand", "Range", "Tile", "Pad", "Resize", "Upsample", "OneHot", "EyeLike"}
# Nodes whose meaning the quantised kernels need: their constants stay as they are.
_KEPT = {"DequantizeLinear", "QuantizeLinear"}


def load_model(model: onnx.ModelProto | str | Path) -> onnx.ModelProto:
    """The model itself, or read from a file. Raises PlanError when the file is no ONNX model."""
    if isinstance(model, onnx.ModelProto):
        return model
    try:
        read = onnx.load(str(plain_file(model, MOST_ONNX_BYTES)), load_external_data=False)
    except FileError:
        raise
    except OSError as error:
        raise PlanError("an ONNX file", f"{model}: {error.strerror}", "check the path") from None
    except Exception:
        raise PlanError(
            "an ONNX file", f"{model}, which is none", "export one with 'lodestone export'"
        ) from None
    if not read.graph.output:  # as an empty file reads
        raise PlanError("a graph with outputs", f"none in {model}", "export one with 'lodestone export'")
    return read


def read_graph(model: onnx.ModelProto) -> NodeList:
    """Values and nodes of a model.

    Raises:
        PlanError: dynamic shapes, foreign operators, or more work than any voice asks for.
    """
    _check_sizes(model)
    check_slices(model)
    try:
        known = inferred(model)
    except GraphError as error:
        raise PlanError(error.wanted, error.got, error.do) from None
    return _Reader(known).read()


def _check_sizes(model: onnx.ModelProto) -> None:
    """Counts before anything is computed: nodes, graphs within nodes, tensors whose data lie elsewhere."""
    graph = model.graph
    if max(len(graph.node), len(graph.initializer), len(graph.input), len(graph.value_info)) > MOST_NODES:
        raise PlanError(f"a graph of at most {MOST_NODES} nodes", "more", _AGAIN)
    for node in graph.node:
        if any(a.type in _NESTED for a in node.attribute):
            raise PlanError("nodes without graphs of their own", shown(node.op_type), "export without loops")
    for tensor in graph.initializer:
        _count(tensor.dims, tensor.name)
    try:
        check_in_one_file(model)
    except GraphError as error:
        raise PlanError(error.wanted, error.got, _AGAIN) from None


def _stored(tensor: onnx.TensorProto, name: str) -> npt.NDArray[Any]:
    _count(tensor.dims, name)
    try:
        array: npt.NDArray[Any] = numpy_helper.to_array(tensor)
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        raise PlanError(f"weights of {shown(name)} that fit their shape", str(error)[:80], _AGAIN) from None
    return array


def _count(dims: Iterable[int], name: str) -> int:
    count = 1
    for n in dims:
        count *= max(int(n), 0)
    if count > MOST_ELEMENTS:
        raise PlanError(f"tensors of at most {MOST_ELEMENTS} elements", f"{count} in {shown(name)}", _AGAIN)
    return count


class _Reader:
    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self.left = MOST_COMPUTED
        self.opset = next((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), 17)
        self.values: dict[str, Value] = {}
        graph = model.graph
        self.types = {info.name: info.type for info in [*graph.input, *graph.output, *graph.value_info]}

    def read(self) -> NodeList:
        graph = self.model.graph
        for tensor in graph.initializer:
            self.values[tensor.name] = constant(_stored(tensor, tensor.name), tensor.name)
        inputs = [self._typed(info.name) for info in graph.input if info.name not in self.values]
        nodes = [node for proto in graph.node for node in self._node(proto)]
        outputs = [self.values[info.name] for info in graph.output]
        return NodeList(nodes, inputs, outputs)

    def _typed(self, name: str) -> Value:
        kind = self.types.get(name)
        dims = kind.tensor_type.shape.dim if kind is not None and kind.tensor_type.HasField("shape") else None
        if kind is None or dims is None or any(not d.HasField("dim_value") for d in dims):
            raise PlanError("static shapes", f"none for '{name}'", "export the model with fixed sizes")
        _count((d.dim_value for d in dims), name)
        number = kind.tensor_type.elem_type
        sort = np.float32 if number in _FLOATS else np.int64 if number in _INTS else np.bool_
        self.values[name] = Value(tuple(d.dim_value for d in dims), np.dtype(sort), name=name)
        return self.values[name]

    def _node(self, proto: onnx.NodeProto) -> list[Node]:
        if proto.domain not in ("", "ai.onnx"):
            raise PlanError("standard ONNX operators", f"{proto.domain}.{proto.op_type}", "export without it")
        inputs = [self.values[name] if name else None for name in proto.input]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
        if proto.op_type == "Shape":
            assert inputs[0] is not None
            shape = inputs[0].shape[attributes.get("start", 0) : attributes.get("end")]
            self.values[proto.output[0]] = constant(np.array(shape, np.int64), proto.output[0])
            return []
        if proto.op_type not in _KEPT and all(
            value is None or value.constant is not None for value in inputs
        ):
            self._fold(proto, inputs)
            return []
        outputs = [self._typed(name) if name else Value((), np.dtype(np.float32)) for name in proto.output]
        return [new_node(proto.op_type, inputs, outputs, _plain(attributes), proto.name)]

    def _sizes(self, name: str) -> list[int]:
        """What shape inference says of a value's shape; -1 for what it does not know."""
        kind = self.types.get(name)
        if kind is None or not kind.tensor_type.HasField("shape"):
            return [-1]
        return [d.dim_value if d.HasField("dim_value") else -1 for d in kind.tensor_type.shape.dim]

    def _fold(self, proto: onnx.NodeProto, inputs: list[Value | None]) -> None:
        if proto.op_type == "Constant":
            name = proto.output[0] if proto.output else ""
            value = onnx.helper.get_attribute_value(proto.attribute[0]) if proto.attribute else None
            array = _stored(value, name) if isinstance(value, onnx.TensorProto) else np.asarray(value)
            if array.dtype.kind not in "fiub":
                raise PlanError("constants of numbers", f"another one in {shown(name)}", _AGAIN)
            array = array.astype(np.float32) if array.dtype == np.float64 else array
            self.values[name] = constant(array, name)
            return
        for name in proto.output:
            sizes = self._sizes(name)
            if name and min(sizes, default=0) < 0 and proto.op_type in _GROWING:
                raise PlanError(
                    "static shapes", f"none for {shown(name)}", "export the model with fixed sizes"
                )
            self.left -= max(_count(sizes, name) if min(sizes, default=0) >= 0 else 0, 1)
        self.left -= sum(v.elements for v in inputs if v is not None)
        if self.left < 0:
            raise PlanError(f"at most {MOST_COMPUTED} computed constants", "more", _AGAIN)
        infos = [onnx.ValueInfoProto(name=name) for name in dict.fromkeys(proto.input) if name]
        outs = [onnx.ValueInfoProto(name=name) for name in proto.output if name]
        graph = onnx.helper.make_graph([proto], "fold", infos, outs)
        single = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", self.opset)])
        feeds = {n: v.constant for n, v in zip(proto.input, inputs, strict=True) if v is not None}
        try:
            with np.errstate(all="ignore"):
                results = ReferenceEvaluator(single).run(None, feeds)
        except Exception as error:  # the reference's own, of any kind
            got = f"{shown(proto.op_type)} that cannot be computed ({type(error).__name__})"
            raise PlanError("constants that can be computed", got, _AGAIN) from None
        for info, array in zip(outs, results, strict=True):
            self.values[info.name] = constant(np.asarray(array), info.name)


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in attributes.items():
        if isinstance(value, bytes):
            plain[name] = value.decode(errors="backslashreplace")
        elif isinstance(value, onnx.TensorProto):
            plain[name] = _stored(value, name)
        else:
            plain[name] = value
    return plain
