"""Chains of constant scales and offsets as one scale and one offset (normalisation with learned figures)."""

from __future__ import annotations

import numpy as np

from model_export.graph.builder import Builder
from model_export.graph.ir import Array, Graph, Value
from model_export.graph.rebuild import Site, rewrite


def with_short_chains(graph: Graph) -> Graph:
    """The graph with x - c, x / c and repeated constant steps merged into x * a + b."""
    plain = rewrite(graph, _as_scale_or_offset)
    while True:
        shorter = rewrite(plain, _merged)
        if len(shorter.nodes()) == len(plain.nodes()):
            return shorter
        plain = shorter


def _constant(value: Value) -> Array | None:
    return value.constant if value.dtype == np.float32 else None


def _as_scale_or_offset(build: Builder, site: Site) -> Value | None:
    """x - c as x + (-c), x / c as x * (1 / c)."""
    if site.node.op not in ("Sub", "Div") or len(site.inputs) != 2:
        return None
    c = _constant(site.inputs[1])
    if c is None or site.inputs[0].constant is not None:
        return None
    if site.node.op == "Sub":
        return build.binary("Add", site.inputs[0], build.constant(-c))
    if np.any(np.abs(c) < 1e-30):
        return None
    return build.binary("Mul", site.inputs[0], build.constant((1 / c.astype(np.float64)).astype(np.float32)))


def _merged(build: Builder, site: Site) -> Value | None:
    """(x + a) * b as x * b + a b; (x * a) * b and (x + a) + b as one step."""
    if site.node.op not in ("Add", "Mul"):
        return None
    c = _constant(site.inputs[1])
    before = site.sole(0)
    if c is None or before is None or before.op not in ("Add", "Mul") or _constant(before.inputs[1]) is None:
        return None
    x, first = before.inputs[0], before.inputs[1]
    second = site.inputs[1]
    if site.node.op == before.op:
        return build.binary(site.node.op, x, build.binary(site.node.op, first, second))
    if site.node.op == "Mul":
        scaled = build.binary("Mul", x, second)
        return build.binary("Add", scaled, build.binary("Mul", first, second))
    return None
