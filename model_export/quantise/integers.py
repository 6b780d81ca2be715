"""Puts integer weights into a graph: DequantizeLinear in front of weights, Quantize and DequantizeLinear at
inputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper, version_converter

from model_export.filter_bank import factored

OPSET, IR_VERSION = 21, 10  # the first opset whose QuantizeLinear knows 16 bits
# Beyond the inputs heard: live gestures go further than the calibration did, met was more than 3 times (where
# they clip, a voice of 50 dB falls to 28). 16 bits have room to spare beside weights of 8.
HEADROOM, HEADROOM_OF_BYTES = 5.0, 1.1


@dataclass(frozen=True)
class IntegerWeights:
    """Steps [out, in, taps] (int8 or int16) and the value of one step per output [out]."""

    steps: npt.NDArray[np.signedinteger[npt.NBitBase]]
    scale: npt.NDArray[np.float32]


@dataclass(frozen=True)
class IntegerInput:
    """The value of one step, and what stands for zero: an int16 zero, or a uint8."""

    step: np.float32
    zero: np.int16 | np.uint8


def as_words(lowest: float, highest: float) -> IntegerInput:
    """16 bits, symmetric, for inputs heard between two values."""
    largest = max(-lowest, highest, 1e-6)
    return IntegerInput(np.float32(largest * HEADROOM / 32767), np.int16(0))


def as_bytes(lowest: float, highest: float) -> IntegerInput:
    """8 bits for inputs heard between two values, zero among them."""
    low, high = min(lowest, 0.0) * HEADROOM_OF_BYTES, max(highest, 1e-6) * HEADROOM_OF_BYTES
    step = (high - low) / 255
    return IntegerInput(np.float32(step), np.uint8(round(-low / step)))


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
        if group == 1 and factored(weight) is None:
            found.append(node)
    return found


def modern(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model in the operator set that has all that quantised voices need."""
    made = version_converter.convert_version(model, OPSET)
    made.ir_version = IR_VERSION
    return made


def quantised(
    model: onnx.ModelProto, weights: dict[str, IntegerWeights], inputs: dict[str, IntegerInput]
) -> onnx.ModelProto:
    """The model (of `modern`) with integer weights and inputs at some convolutions, by output name."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    graph = made.graph
    replaced = {node.input[1] for node in graph.node if node.op_type == "Conv" and node.output[0] in weights}
    nodes: list[onnx.NodeProto] = []
    initializers = {i.name: i for i in graph.initializer}

    def constant(name: str, array: npt.NDArray[np.generic] | np.generic) -> str:
        initializers[name] = numpy_helper.from_array(np.asarray(array), name)
        return name

    for node in graph.node:
        integer = weights.get(node.output[0]) if node.op_type == "Conv" else None
        if integer is not None:
            key = node.output[0]
            steps, scale = constant(f"{key}.steps", integer.steps), constant(f"{key}.scale", integer.scale)
            nodes.append(helper.make_node("DequantizeLinear", [steps, scale], [f"{key}.weight"], axis=0))
            node.input[1] = f"{key}.weight"
            if key in inputs:
                grid = constant(f"{key}.step", inputs[key].step), constant(f"{key}.zero", inputs[key].zero)
                taken = f"{key}.taken"
                nodes.append(helper.make_node("QuantizeLinear", [node.input[0], *grid], [taken]))
                nodes.append(helper.make_node("DequantizeLinear", [taken, *grid], [f"{key}.heard"]))
                node.input[0] = f"{key}.heard"
        nodes.append(node)
    still_used = {name for node in nodes for name in node.input}
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(i for n, i in initializers.items() if n not in replaced or n in still_used)
    return made
