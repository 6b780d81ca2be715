"""What an ONNX operator is in TorchScript's text: one line a row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from model_export.errors import ExportError

Array = npt.NDArray[Any]
Line = Callable[["Node"], str]
_FAR = 9223372036854775807
_TORCH_TYPES = {
    onnx.TensorProto.FLOAT: 6,
    onnx.TensorProto.INT64: 4,
    onnx.TensorProto.INT32: 3,
    onnx.TensorProto.BOOL: 11,
}


class Node:
    """One node: names of its operands as the text knows them, its attributes, its constant operands."""

    def __init__(
        self, proto: onnx.NodeProto, names: Sequence[str], constants: Sequence[Array | None]
    ) -> None:
        self.operator, self.names, self.constants = proto.op_type, names, constants
        self.attributes: dict[str, Any] = {
            entry.name: onnx.helper.get_attribute_value(entry) for entry in proto.attribute
        }

    def integers(self, index: int) -> list[int]:
        """A constant operand as integers.

        Raises:
            ExportError: where it is computed.
        """
        given = self.constants[index] if index < len(self.constants) else None
        if given is None:
            do = "export the voice with this project's own exporter"
            raise ExportError(f"constant bounds of {self.operator}", "computed ones", do)
        return [int(number) for number in np.atleast_1d(given)]


def line(node: Node) -> str:
    """The expression of a node.

    Raises:
        ExportError: for an operator that has no row here.
    """
    if node.operator not in LINES:
        do = (
            "write the .ts from the 32-bit graph"
            if "Quant" in node.operator or "quant" in node.operator
            else "report"
        )
        raise ExportError(f"operators among {', '.join(sorted(LINES))}", node.operator, do)
    return LINES[node.operator](node)


def _call(function: str) -> Line:
    return lambda node: f"torch.{function}({', '.join(node.names)})"


def _running(function: str) -> Line:
    def write(node: Node) -> str:
        text = node.names[0]
        for name in node.names[1:]:
            text = f"torch.{function}({text}, {name})"
        return text

    return write


def _conv(node: Node) -> str:
    a = node.attributes
    if any(a.get("pads", [])):
        raise ExportError("convolutions that keep their past as a state", "one with padding", "export again")
    weights = node.constants[1]
    if weights is None:
        raise ExportError("convolutions by constant weights", "computed ones", "export the voice again")
    axes = weights.ndim - 2
    bias = node.names[2] if len(node.names) > 2 else "None"
    strides = list(a.get("strides", [1] * axes))
    dilations = list(a.get("dilations", [1] * axes))
    figures = f"{strides}, {[0] * axes}, {dilations}, {a.get('group', 1)}"
    return f"torch.conv{axes}d({node.names[0]}, {node.names[1]}, {bias}, {figures})"


def _slice(node: Node) -> str:
    starts, stops = node.integers(1), node.integers(2)
    axes = node.integers(3) if len(node.names) > 3 else list(range(len(starts)))
    steps = node.integers(4) if len(node.names) > 4 else [1] * len(starts)
    text = node.names[0]
    for start, stop, axis, step in zip(starts, stops, axes, steps, strict=True):
        text = f"torch.slice({text}, {axis}, {start}, {min(stop, _FAR)}, {step})"
    return text


def _gather(node: Node) -> str:
    index = node.constants[1]
    axis = int(node.attributes.get("axis", 0))
    flat = f"torch.index_select({node.names[0]}, {axis}, torch.reshape({node.names[1]}, [-1]))"
    if index is not None and index.ndim == 1:
        return flat
    if index is not None and index.ndim == 0:
        return f"torch.select({node.names[0]}, {axis}, {int(index)})"
    return f"torch.embedding({node.names[0]}, {node.names[1]})"


def _leaky(node: Node) -> str:
    slope = float(np.float32(node.attributes.get("alpha", 0.01)))
    return f"torch.leaky_relu({node.names[0]}, {slope!r})"


def _reduce(function: str) -> Line:
    def write(node: Node) -> str:
        axes = node.integers(1) if len(node.names) > 1 else list(node.attributes["axes"])
        return f"torch.{function}({node.names[0]}, {axes}, {bool(node.attributes.get('keepdims', 1))})"

    return write


def _clip(node: Node) -> str:
    text = node.names[0]
    for function, index in (("maximum", 1), ("minimum", 2)):
        if index < len(node.names) and node.names[index] != "None":
            text = f"torch.{function}({text}, {node.names[index]})"
    return text


def _spectrum(node: Node) -> str:
    if "onesided" in node.attributes and not node.attributes["onesided"]:
        raise ExportError("spectra of one side", "one of both", "report this encoder")
    (step,), (length,) = node.integers(1), node.integers(3)
    cut = f"torch.unfold({node.names[0]}, 1, {length}, {step})"
    return f"torch.view_as_real(torch.fft_rfft(torch.mul({cut}, {node.names[2]}), None, -1, None))"


LINES: dict[str, Line] = {
    **{
        name: _call(function)
        for name, function in {
            "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "MatMul": "matmul",
            "Sigmoid": "sigmoid", "Tanh": "tanh", "Exp": "exp", "Log": "log", "Sin": "sin", "Cos": "cos",
            "Sqrt": "sqrt", "Abs": "abs", "Neg": "neg", "Floor": "floor", "Ceil": "ceil", "Round": "round",
            "Sign": "sign", "Erf": "erf", "Reciprocal": "reciprocal",
            "Greater": "gt", "GreaterOrEqual": "ge", "Less": "lt", "LessOrEqual": "le",
        }.items()
    },
    "Min": _running("minimum"),
    "Max": _running("maximum"),
    "Conv": _conv,
    "Slice": _slice,
    "Gather": _gather,
    "Clip": _clip,
    "Identity": lambda node: node.names[0],
    "LeakyRelu": _leaky,
    "Softplus": lambda node: f"torch.softplus({node.names[0]})",
    "Concat": lambda node: f"torch.cat([{', '.join(node.names)}], {node.attributes['axis']})",
    "Reshape": lambda node: f"torch.reshape({node.names[0]}, {node.integers(1)})",
    "Expand": lambda node: f"torch.mul({node.names[0]}, torch.ones({node.integers(1)}))",
    "Transpose": lambda node: f"torch.permute({node.names[0]}, {list(node.attributes['perm'])})",
    "Cast": lambda node: f"torch.to({node.names[0]}, {_TORCH_TYPES[node.attributes['to']]})",
    "STFT": _spectrum,
    "ReduceSum": _reduce("sum"),
    "ReduceMean": _reduce("mean"),
    "ReduceMax": _reduce("amax"),
    "ReduceMin": _reduce("amin"),
}  # fmt: skip
