"""The same decoders with time-major rows and matrix products, the fastest fp32 form for ONNX Runtime at
some sizes.

A convolution gathers its taps side by side, [T, taps * channels], and multiplies once; a transposed
convolution is a product with two taps whose result is reshaped to more rows.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper

from tests.support.graph_maker import GraphMaker
from tests.support.synthetic_noise import VERBATIM


class Rows:
    """Rewrites a sub-pixel graph (NCW) of synthetic.py into rows (NWC), weights shared."""

    def __init__(self, source: onnx.ModelProto) -> None:
        self.g = GraphMaker()
        self.source = source.graph
        self.constants = {i.name: numpy_helper.to_array(i) for i in source.graph.initializer}
        self.shapes = {
            i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in source.graph.input
        }
        self.names: dict[str, str] = {}
        self.card = next((p.value for p in source.metadata_props if p.key == "lodestone.card"), "")

    def build(self) -> onnx.ModelProto:
        """The rewritten model; states are [1, rows, channels]."""
        for info in self.source.input:
            shape = self.shapes[info.name]
            turned = [shape[0], shape[2], shape[1]] if len(shape) == 3 else shape
            self.names[info.name] = self.g.input(info.name, turned)
        skip = 0
        for index, node in enumerate(self.source.node):
            if skip:
                skip -= 1
                continue
            skip = self._node(index, node)
        return self.g.model(self.card)

    def _node(self, index: int, node: onnx.NodeProto) -> int:
        g, out = self.g, node.output[0]
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        inputs = [self.names.get(name, "") for name in node.input]
        if node.name.startswith(VERBATIM):
            self.names[out] = self._same(node, attributes)
        elif node.op_type == "Conv":
            self.names[out] = self._conv(node, inputs[0], attributes)
        elif node.op_type == "Concat":
            self.names[out] = g.node("Concat", *inputs, axis=1)
        elif node.op_type == "Slice":
            start, end, axis = (self.constants[n] for n in node.input[1:4])
            step = [g.constant(self.constants[n], np.int64) for n in node.input[4:]]
            turned = [
                g.constant(start, np.int64),
                g.constant(end, np.int64),
                g.constant([3 - axis[0]], np.int64),
            ]
            self.names[out] = g.node("Slice", inputs[0], *turned, *step)
        elif node.op_type == "Reshape":
            return self._interleave(index, node, inputs[0])
        elif node.op_type == "Transpose" and self.source.node[index + 1].op_type != "Reshape":
            self.names[out] = inputs[0]  # rows already
        elif node.op_type == "Transpose" and attributes["perm"] == [0, 2, 1, 3]:
            return self._noise_rows(index, inputs[0])
        elif node.op_type == "Transpose":
            shape = self.constants[self.source.node[index + 1].input[1]]
            self.names[self.source.node[index + 1].output[0]] = g.node(
                "Reshape", inputs[0], g.constant(shape, np.int64)
            )
            return 1
        elif node.op_type == "Identity":
            self._output(node, inputs[0])
        else:
            operands = [have or self._constant(name) for have, name in zip(inputs, node.input, strict=True)]
            self.names[out] = g.node(node.op_type, *operands, **attributes)
        return 0

    def _same(self, node: onnx.NodeProto, attributes: dict[str, object]) -> str:
        """A node between arrays that are the same in both forms."""
        operands = [
            self.names.get(name) or self.g.constant(self.constants[name], self.constants[name].dtype)
            for name in node.input
        ]
        return self.g.node(node.op_type, *operands, **attributes)

    def _noise_rows(self, index: int, x: str) -> int:
        """[1, bands, T] in the source, from [1, frames, bands, samples]; here [1, T, bands]."""
        shape = self.source.node[index + 1]
        batch, bands, length = (int(n) for n in self.constants[shape.input[1]])
        turned = self.g.node("Transpose", x, perm=[0, 1, 3, 2])
        self.names[shape.output[0]] = self.g.node(
            "Reshape", turned, self.g.constant([batch, length, bands], np.int64)
        )
        return 1

    def _constant(self, name: str) -> str:
        value = self.constants[name]
        return self.g.constant(value.transpose(0, 2, 1) if value.ndim == 3 else value)

    def _conv(self, node: onnx.NodeProto, x: str, attributes: dict[str, object]) -> str:
        g, weight = self.g, self.constants[node.input[1]]
        taps, dilation = weight.shape[2], attributes.get("dilations", [1])[0]  # type: ignore[index]
        stride = attributes.get("strides", [1])[0]  # type: ignore[index]
        parts = []
        for tap in range(taps):
            first, behind = tap * dilation, (taps - 1 - tap) * dilation
            bounds = [[first], [-behind if behind else 2**62], [1], [stride]]
            parts.append(g.node("Slice", x, *(g.constant(b, np.int64) for b in bounds)) if taps > 1 else x)
        gathered = g.node("Concat", *parts, axis=2) if taps > 1 else x
        matrix = weight.transpose(2, 1, 0).reshape(-1, weight.shape[0])
        y = g.node("MatMul", gathered, g.constant(matrix))
        if len(node.input) > 2:
            y = g.node("Add", y, g.constant(self.constants[node.input[2]]))
        return y

    def _interleave(self, index: int, node: onnx.NodeProto, x: str) -> int:
        """[1, out, ratio, T] in the source; here [1, T, out, ratio], turned into following rows."""
        shape = self.constants[node.input[1]]
        batch, out, ratio, rows = (int(n) for n in shape)
        y = self.g.node("Reshape", x, self.g.constant([batch, rows, out, ratio], np.int64))
        y = self.g.node("Transpose", y, perm=[0, 1, 3, 2])
        merged = self.source.node[index + 2].output[0]
        self.names[merged] = self.g.node("Reshape", y, self.g.constant([batch, rows * ratio, out], np.int64))
        return 2

    def _output(self, node: onnx.NodeProto, x: str) -> None:
        info = next(o for o in self.source.output if o.name == node.output[0])
        dims = [d.dim_value for d in info.type.tensor_type.shape.dim]
        shape = dims if node.output[0] == "audio" else [dims[0], dims[2], dims[1]]
        self.g.output(x, node.output[0], shape)
