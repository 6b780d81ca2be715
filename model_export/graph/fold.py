"""Constants carried into the weights of the convolution before them, and orderings into their plain form."""

from __future__ import annotations

import numpy as np

from model_export.graph.builder import Builder
from model_export.graph.ir import Array, Graph, Node, Value
from model_export.graph.rebuild import Site, rewrite
from model_export.graph.subpixel import interleave


def folded(graph: Graph) -> Graph:
    """Scales, offsets and channel orders folded into convolutions; chains of reorderings made one."""
    return rewrite(graph, _scale_into_conv, _offset_into_conv, _order_into_conv, _plain_interleave)


def _conv_before(site: Site, index: int) -> tuple[Value, Node, Array] | None:
    node = site.sole(index)
    if node is None or node.op != "Conv" or node.inputs[1].constant is None:
        return None
    if len(node.inputs) > 2 and node.inputs[2].constant is None:
        return None
    return site.inputs[index], node, node.inputs[1].constant


def _per_channel(value: Value, conv: Value) -> Array | None:
    """A constant that is one number a channel, as [Cout, 1]."""
    data = value.constant
    channels = conv.shape[1]
    if data is None or data.ndim > 3 or (data.ndim and data.shape[-1] != 1):
        return None
    if data.ndim == 3 and data.shape[0] != 1:
        return None
    if data.size not in (1, channels):
        return None
    return np.broadcast_to(data.reshape(-1, 1), (channels, 1))


def _replace(build: Builder, node: Node, weight: Array, bias: Array | None) -> Value:
    stride, dilation, groups = (node.integer(key) for key in ("stride", "dilation", "groups"))
    build.scope = node.name
    offset = None if bias is None else build.constant(np.ascontiguousarray(bias), np.float32)
    kernel = build.constant(np.ascontiguousarray(weight), np.float32)
    return build.convolve(node.inputs[0], kernel, offset, stride, dilation, groups)


def _bias(node: Node) -> Array | None:
    return node.inputs[2].constant if len(node.inputs) > 2 else None


def _scale_into_conv(build: Builder, site: Site) -> Value | None:
    if site.node.op != "Mul":
        return None
    for index in (0, 1):
        found = _conv_before(site, index)
        factor = None if found is None else _per_channel(site.inputs[1 - index], found[0])
        if found is not None and factor is not None:
            bias = _bias(found[1])
            scaled = None if bias is None else bias * factor[:, 0]
            return _replace(build, found[1], found[2] * factor[:, :, None], scaled)
    return None


def _offset_into_conv(build: Builder, site: Site) -> Value | None:
    if site.node.op != "Add":
        return None
    for index in (0, 1):
        found = _conv_before(site, index)
        offset = None if found is None else _per_channel(site.inputs[1 - index], found[0])
        if found is not None and offset is not None:
            bias = _bias(found[1])
            return _replace(build, found[1], found[2], offset[:, 0] + (0 if bias is None else bias))
    return None


def _order_into_conv(build: Builder, site: Site) -> Value | None:
    """Gather over channels (a flip of bands) becomes an order of the weight's rows."""
    if site.node.op != "Gather" or site.node.attributes["axis"] != 1:
        return None
    found, order = _conv_before(site, 0), site.inputs[1].constant
    if found is None or order is None or order.ndim != 1 or found[1].attributes["groups"] != 1:
        return None
    rows = order.astype(np.int64)
    bias = _bias(found[1])
    return _replace(build, found[1], found[2][rows], None if bias is None else bias[rows])


def _plain_interleave(build: Builder, site: Site) -> Value | None:
    """Any chain of transposes and reshapes that amounts to an interleave becomes the regular one."""
    if site.node.op != "Reshape" or len(site.old.shape) != 3:
        return None
    chain: list[Node] = [site.node]
    source = site.inputs[0]
    while source.node is not None and source.node.op in ("Reshape", "Transpose"):
        chain.append(source.node)
        source = source.node.inputs[0]
    if len(source.shape) != 3 or len(chain) < 2 or source.shape[0] != site.old.shape[0]:
        return None
    rate = site.old.shape[2] // max(source.shape[2], 1)
    if rate < 2 or source.shape[1] != rate * site.old.shape[1]:
        return None
    order: Array = np.arange(source.elements).reshape(source.shape)
    for node in reversed(chain):
        order = _replayed(order, node)
    order = order.reshape(site.old.shape)
    for phase_major in (True, False):
        plain = interleave(
            Builder(), Builder().constant(np.arange(source.elements).reshape(source.shape)), rate, phase_major
        )
        if plain.constant is not None and np.array_equal(plain.constant, order):
            return interleave(build, source, rate, phase_major)
    return None


def _replayed(order: Array, node: Node) -> Array:
    if node.op == "Transpose":
        turned: Array = order.transpose(node.integers("perm"))
        return turned
    shape = node.inputs[1].constant
    assert shape is not None
    replayed: Array = np.reshape(order, tuple(int(n) for n in shape))
    return replayed
