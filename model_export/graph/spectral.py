"""The products of spectra that noise synthesis asks for, as short convolutions in time.

A decoder pads a burst of noise and an impulse response of N points to 2N, multiplies their
transforms and keeps one half of the result: a causal convolution of N points for every band and
frame. As a grouped convolution whose weight is computed by the graph it needs no transform.
"""

from __future__ import annotations

import numpy as np

from model_export.errors import ExportError
from model_export.graph.builder import Builder
from model_export.graph.ir import Graph, Value
from model_export.graph.rebuild import Site, rewrite


def without_spectra(graph: Graph) -> Graph:
    """The graph with every circular convolution as a grouped one."""
    return rewrite(graph, _lower)


def _core(build: Builder, x: Value) -> tuple[Value, int]:
    """A signal without the zeros around it along the last axis, and where it begins."""
    node, last = x.node, len(x.shape) - 1
    if node is not None and node.op == "Concat" and node.attributes["axis"] == last:
        sounding = [part for part in node.inputs if part.constant is None or np.any(part.constant)]
        if len(sounding) == 1:
            start = 0
            for part in node.inputs:
                if part is sounding[0]:
                    inner, offset = _core(build, part)
                    return inner, start + offset
                start += part.shape[last]
    if node is not None and node.op == "MatMul" and node.inputs[1].constant is not None:
        columns = np.flatnonzero(np.any(node.inputs[1].constant != 0, axis=0))
        if columns.size:
            first, end = int(columns[0]), int(columns[-1]) + 1
            matrix = np.ascontiguousarray(node.inputs[1].constant[:, first:end])
            return build.matmul(node.inputs[0], build.constant(matrix)), first
    return x, 0


def _lower(build: Builder, site: Site) -> Value | None:
    if site.node.op == "Slice" and site.inputs[0].node is not None:
        return _narrowed(build, site)
    return None


def _narrowed(build: Builder, site: Site) -> Value | None:
    """Slice(CircularConvolve): only the samples that are kept are computed."""
    node = site.inputs[0].node
    assert node is not None
    last = len(site.old.shape) - 1
    if node.op != "CircularConvolve" or site.node.attributes["axis"] != last:
        return None
    start, stop, length = site.node.integer("start"), site.node.integer("stop"), node.integer("length")
    (a, at_a), (b, at_b) = (_core(build, source) for source in node.inputs)
    if b.shape[:-1] != a.shape[:-1] or at_a + at_b + a.shape[-1] + b.shape[-1] - 1 > start + length:
        raise ExportError("a noise filter that does not wrap around", "one that does", "report this model")
    return _grouped(build, a, b, start - at_a - at_b, stop - at_a - at_b)


def _grouped(build: Builder, signal: Value, response: Value, start: int, stop: int) -> Value:
    """Samples start..stop of the linear convolution along the last axis, one group for every row."""
    rows, taps = int(np.prod(signal.shape[:-1])), response.shape[-1]
    before = taps - 1 - start
    after = stop - signal.shape[-1]
    flat = build.reshape(signal, [1, rows, signal.shape[-1]])
    if before < 0 or after > taps - 1:
        raise ExportError("a noise filter of a known form", f"samples {start} to {stop}", "report this model")
    parts = [build.constant(np.zeros((1, rows, n), np.float32)) for n in (before, max(after, 0))]
    kept = build.slice(flat, 2, 0, min(signal.shape[-1], stop))
    padded = build.concat([parts[0], kept, parts[1]], 2)
    weight = build.reshape(_reversed(build, response), [rows, 1, taps])
    y = build.convolve(padded, weight, None, groups=rows)
    return build.reshape(y, [*signal.shape[:-1], stop - start])


def _reversed(build: Builder, x: Value) -> Value:
    node = x.node
    if node is not None and node.op == "MatMul" and node.inputs[1].constant is not None:
        matrix = np.ascontiguousarray(node.inputs[1].constant[:, ::-1])
        return build.matmul(node.inputs[0], build.constant(matrix))
    order = build.constant(np.arange(x.shape[-1] - 1, -1, -1), np.int64)
    return build.gather(x, order, len(x.shape) - 1)
