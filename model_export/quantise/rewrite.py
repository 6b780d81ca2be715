"""Puts integer weights into a graph: DequantizeLinear in front of weights, Quantize and DequantizeLinear at
inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper, version_converter

from model_export.compiler.filterbank import rank_one

OPSET, IR_VERSION = 21, 10  # the first opset whose QuantizeLinear knows 16 bits
HEADROOM = 1.5  # above the largest input heard: live gestures go further than the calibration did


@dataclass(frozen=True)
class IntegerWeights:
    """Steps [out, in, taps] (int8 or int16) and the value of one step per output [out]."""

    steps: npt.NDArray[np.signedinteger[npt.NBitBase]]
    scale: npt.NDArray[np.float32]


def quantisable(model: onnx.ModelProto, fewest: int) -> list[onnx.NodeProto]:
    """Convolutions with constant weights in one group; the filter bank stays exact for the engine's fast
    form.
    """
    arrays = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    found = []
    for node in model.graph.node:
        weight = arrays.get(node.input[1]) if node.op_type == "Conv" else None
        if weight is None or weight.ndim != 3 or weight.size < fewest:
            continue
        group = next((a.i for a in node.attribute if a.name == "group"), 1)
        if group == 1 and rank_one(weight) is None:
            found.append(node)
    return found


def quantised(
    model: onnx.ModelProto, weights: dict[str, IntegerWeights], largest: dict[str, float]
) -> onnx.ModelProto:
    """The model with integer weights at some convolutions (by output name) and 16-bit inputs where `largest`
    says.
    """
    made = version_converter.convert_version(model, OPSET)
    made.ir_version = IR_VERSION
    graph = made.graph
    replaced = {node.input[1] for node in graph.node if node.op_type == "Conv" and node.output[0] in weights}
    nodes: list[onnx.NodeProto] = []
    initializers = {i.name: i for i in graph.initializer}

    def constant(name: str, array: npt.NDArray[np.generic]) -> str:
        initializers[name] = numpy_helper.from_array(array, name)
        return name

    for node in graph.node:
        integer = weights.get(node.output[0]) if node.op_type == "Conv" else None
        if integer is not None:
            key = node.output[0]
            steps, scale = constant(f"{key}.steps", integer.steps), constant(f"{key}.scale", integer.scale)
            nodes.append(helper.make_node("DequantizeLinear", [steps, scale], [f"{key}.weight"], axis=0))
            node.input[1] = f"{key}.weight"
            if key in largest:
                step = constant(f"{key}.step", np.float32(max(largest[key], 1e-6) * HEADROOM / 32767))
                zero = constant("zero16", np.int16(0))
                nodes.append(
                    helper.make_node("QuantizeLinear", [node.input[0], step, zero], [f"{key}.heard16"])
                )
                nodes.append(
                    helper.make_node("DequantizeLinear", [f"{key}.heard16", step, zero], [f"{key}.heard"])
                )
                node.input[0] = f"{key}.heard"
        nodes.append(node)
    still_used = {name for node in nodes for name in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(i for n, i in initializers.items() if n not in replaced or n in still_used)
    onnx.checker.check_model(made)
    return made
