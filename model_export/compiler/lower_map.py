"""Element-wise operators: a node that bears the name of a function of the table Map becomes that function."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from definitions.operations import OPERATIONS
from model_export.compiler.lower import Lower, Lowering, Operators
from model_export.compiler.views import View
from model_export.graph.ir import Node, Value

_INFINITE = 3.4028235e38


def result(lowering: Lowering, node: Node) -> tuple[View, list[View]]:
    """The node's home and its operands, constants laid out like the home."""
    computed = [lowering.view(v) for v in node.present if v.constant is None]
    home = lowering.home(node.output, computed)
    return home, [operand(lowering, value, home) for value in node.present]


def operand(lowering: Lowering, value: Value, home: View) -> View:
    """Where to read an operand; a constant of the result's rank is laid out with the result's axes."""
    if value.constant is None or value.constant.ndim != len(home.dims):
        return lowering.view(value)
    return lowering.constant(value.constant, home.order())


def _direct(lowering: Lowering, node: Node) -> None:
    home, operands = result(lowering, node)
    lowering.map(node.op, home, *operands)
    lowering.views[node.output] = home


def _div(lowering: Lowering, node: Node) -> None:
    home, operands = result(lowering, node)
    lowering.map("Div", home, *operands)
    if node.output.kind == "int":
        lowering.map("Truncate", home, home)
    lowering.views[node.output] = home


def _mod(lowering: Lowering, node: Node) -> None:
    home, operands = result(lowering, node)
    lowering.map("Fmod" if node.attributes.get("fmod", 0) else "Mod", home, *operands)
    lowering.views[node.output] = home


def _pow(lowering: Lowering, node: Node) -> None:
    exponent = node.input(1).constant
    home, operands = result(lowering, node)
    if (
        exponent is not None
        and exponent.size
        and np.all(exponent == 2.0)
        and node.output.shape == node.input(0).shape
    ):
        lowering.map("Square", home, operands[0])
    elif exponent is not None and np.all(exponent == 0.5) and node.output.shape == node.input(0).shape:
        lowering.map("Sqrt", home, operands[0])
    else:
        lowering.map("Pow", home, *operands)
    lowering.views[node.output] = home


def _running(function: str) -> Lower:
    """Min and Max of any number of operands."""

    def lower(lowering: Lowering, node: Node) -> None:
        home, operands = result(lowering, node)
        if len(operands) == 1:
            lowering.copy(home, operands[0].expand(home.dims))
        else:
            lowering.map(function, home, operands[0], operands[1])
        for other in operands[2:]:
            lowering.map(function, home, home, other)
        lowering.views[node.output] = home

    return lower


def _sum(lowering: Lowering, node: Node) -> None:
    _running("Add")(lowering, node)


def _clip(lowering: Lowering, node: Node) -> None:
    home, _ = result(lowering, node)
    bounds = []
    for index, default in ((1, -_INFINITE), (2, _INFINITE)):
        value = node.optional(index)
        bounds.append(lowering.constant(np.float32(default)) if value is None else lowering.view(value))
    lowering.map("Clip", home, lowering.view(node.input(0)), *bounds)
    lowering.views[node.output] = home


def _cast(lowering: Lowering, node: Node) -> None:
    source, target = node.input(0), node.output
    if target.kind == "bool" and source.kind != "bool":
        function = "IsNonzero"
    elif target.kind == "int" and source.kind == "float":
        function = "Truncate"
    else:
        lowering.views[target] = lowering.view(source)
        return
    assert node.attributes["to"] != onnx.TensorProto.STRING
    home, operands = result(lowering, node)
    lowering.map(function, home, *operands)
    lowering.views[target] = home


def _leaky(slope: float | None) -> Lower:
    def lower(lowering: Lowering, node: Node) -> None:
        home, operands = result(lowering, node)
        steep = node.attributes.get("alpha", 0.01) if slope is None else slope
        lowering.map("LeakyRelu", home, *operands, parameter=steep)
        lowering.views[node.output] = home

    return lower


def _chain(*steps: tuple[str, Sequence[float]]) -> Lower:
    """A function of one operand made of several; each step's constants follow the running value."""

    def lower(lowering: Lowering, node: Node) -> None:
        home, operands = result(lowering, node)
        running = operands[0]
        for function, constants in steps:
            lowering.map(function, home, running, *(lowering.constant(np.float32(c)) for c in constants))
            running = home
        lowering.views[node.output] = home

    return lower


def _xor(lowering: Lowering, node: Node) -> None:
    home, operands = result(lowering, node)
    lowering.map("Equal", home, *operands)
    lowering.map("Not", home, home)
    lowering.views[node.output] = home


OPERATORS: Operators = {
    **dict.fromkeys(OPERATIONS.tables["Map"], _direct),  # what has no lowering of its own below
    "Div": _div,
    "Mod": _mod,
    "Pow": _pow,
    "Min": _running("Min"),
    "Max": _running("Max"),
    "Sum": _sum,
    "Clip": _clip,
    "Cast": _cast,
    "LeakyRelu": _leaky(None),
    "Relu": _leaky(0.0),
    "Softplus": _chain(("Exp", []), ("Add", [1.0]), ("Log", [])),
    "Xor": _xor,
}
