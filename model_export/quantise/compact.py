"""Takes out of a graph what a file can do without: half of a small voice's graph is names and defaults.

Nothing changes in what it computes. Layers are named by what their output was called; values between nodes
get short names, equal constants become one, attributes that say what the operator assumes anyway and notes
on shapes go, and constants that are small integers are stored as such.
"""

from __future__ import annotations

from itertools import count, product
from string import ascii_lowercase

import numpy as np
import onnx
from onnx import helper, numpy_helper

FEWEST_INTEGERS = 256  # below, the node that makes them floats again is larger
# What a convolution over time assumes; the shape of its kernel is that of the weights.
_ASSUMED = {"auto_pad": b"NOTSET", "group": 1, "strides": [1], "dilations": [1], "pads": [0, 0]}
_UNIT = "one step"


def compact(model: onnx.ModelProto) -> None:
    """Rewrites the model in place; inputs and outputs keep their names."""
    graph = model.graph
    del graph.value_info[:]
    for node in graph.node:
        _drop_defaults(node)
    _store_integers(graph)
    _share_constants(graph)
    _shorten_names(graph)


def _drop_defaults(node: onnx.NodeProto) -> None:
    node.doc_string = ""
    node.name = node.output[0] if node.op_type in ("Conv", "GRU") else ""
    if node.op_type == "Conv":
        kept = [a for a in node.attribute if not _assumed(a)]
        del node.attribute[:]
        node.attribute.extend(kept)


def _assumed(attribute: onnx.AttributeProto) -> bool:
    if attribute.name == "kernel_shape":
        return True
    return attribute.name in _ASSUMED and _ASSUMED[attribute.name] == helper.get_attribute_value(attribute)


def _store_integers(graph: onnx.GraphProto) -> None:
    """Floats that are all whole and small, such as the signs of a filter bank, become bytes."""
    made: list[onnx.NodeProto] = []
    for initializer in graph.initializer:
        if initializer.data_type != onnx.TensorProto.FLOAT or np.prod(initializer.dims) < FEWEST_INTEGERS:
            continue
        floats, name = numpy_helper.to_array(initializer), initializer.name
        whole = np.clip(floats, -127, 127).astype(np.int8)
        if not np.array_equal(whole, floats) or np.signbit(floats[floats == 0]).any():
            continue
        initializer.CopyFrom(numpy_helper.from_array(whole, f"{name}.steps"))
        made.append(helper.make_node("DequantizeLinear", [f"{name}.steps", _UNIT], [name]))
    if made:
        graph.initializer.append(numpy_helper.from_array(np.asarray(np.float32(1.0)), _UNIT))
        nodes = list(graph.node)
        del graph.node[:]
        graph.node.extend(made + nodes)


def _share_constants(graph: onnx.GraphProto) -> None:
    first: dict[tuple[int, tuple[int, ...], bytes], str] = {}
    same: dict[str, str] = {}
    kept = []
    for initializer in graph.initializer:
        content = numpy_helper.to_array(initializer).tobytes()
        name = first.setdefault((initializer.data_type, tuple(initializer.dims), content), initializer.name)
        if name == initializer.name:
            kept.append(initializer)
        same[initializer.name] = name
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for node in graph.node:
        node.input[:] = [same.get(name, name) for name in node.input]


def _shorten_names(graph: onnx.GraphProto) -> None:
    ends = {value.name for value in [*graph.input, *graph.output]}
    new = {name: name for name in ends} | {"": ""}
    words = ("".join(letters) for size in count(1) for letters in product(ascii_lowercase, repeat=size))
    fresh = (word for word in words if word not in ends)

    def renamed(name: str) -> str:
        if name not in new:
            new[name] = next(fresh)
        return str(new[name])

    for initializer in graph.initializer:
        initializer.name = renamed(initializer.name)
    for node in graph.node:
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
