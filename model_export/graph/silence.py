"""A voice whose draws stand still, without all that they made: the same sound minus the noise, for less work.

Every draw is held at its middle (0 of a normal one, 1/2 of a uniform one), where the noise made of it is
zero. What follows from that alone is computed now; zeros are carried through products, convolutions and sums;
a memory that starts at zero and is only ever fed zeros stays zero. What then reaches no output any more is
left out. This works on the ONNX model itself, and so on quantised voices and other makers' files as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from model_export.errors import ExportError
from model_export.graph.ir import Array
from model_export.graph.stored import Shape, static_shapes
from model_export.graph.trim import trimmed

KNOWN = "known/"
MIDDLE = {"normal": 0.0, "uniform": 0.5}


def without_draws(
    model: onnx.ModelProto, draws: Mapping[str, str], started: Iterable[str] = ()
) -> tuple[onnx.ModelProto, list[str]]:
    """The model with its draws at their middle and nothing left that this makes superfluous.

    Args:
        model: in Lodestone's conventions; left as it is.
        draws: input -> "normal" or "uniform".
        started: states that do not start at zero.

    Returns:
        The model, without metadata, and the names that its states had: the k-th is `state.k` now.

    Raises:
        ExportError: a draw that the graph does not have, or of another distribution.
    """
    shapes = static_shapes(model)
    for name, distribution in draws.items():
        if name not in shapes or distribution not in MIDDLE:
            raise ExportError(
                "draws that are inputs of the graph", f"{name}, {distribution}", "export it again"
            )
    middle = {name: np.full(shapes[name], MIDDLE[kind], np.float32) for name, kind in draws.items()}
    states = [i.name for i in model.graph.input if i.name.startswith("state.")]
    silent = set(states) - set(started)
    while True:  # the largest set of states that stay at zero once all of them are
        known = _Known(model, shapes, middle | {name: np.zeros(shapes[name], np.float32) for name in silent})
        awake = {name for name in silent if not known.is_zero(_next(name))}
        if not awake:
            break
        silent -= awake
    return trimmed(_settled(model, known, [name for name in states if name not in silent]))


def _next(state: str) -> str:
    return "next." + state.removeprefix("state.")


class _Known:
    """What is known of a graph before it runs: `values` that the draws settle, and which are the `same`."""

    def __init__(
        self, model: onnx.ModelProto, shapes: Mapping[str, Shape], given: Mapping[str, Array]
    ) -> None:
        self.values: dict[str, Array] = dict(given)
        self.same: dict[str, str] = {}
        self._shapes = shapes
        self._opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self._stored = {tensor.name: tensor for tensor in model.graph.initializer}
        self._fixed: dict[str, onnx.NodeProto] = {}  # by output: nodes that depend on stored constants alone
        for node in model.graph.node:
            self._take(node)

    def is_zero(self, name: str) -> bool:
        """Whether the draws and states make this value zero."""
        value = self.values.get(self.plain(name))
        return value is not None and not value.any()

    def plain(self, name: str) -> str:
        """The value that this one equals."""
        return self.same.get(name, name)

    def stored(self, name: str) -> str:
        """Where a node finds this value."""
        plain = self.plain(name)
        return KNOWN + plain if plain in self.values else plain

    def _take(self, node: onnx.NodeProto) -> None:
        inputs = [self.plain(name) for name in node.input]
        settled = [name in self.values for name in inputs]
        if all(self._is_fixed(name) for name in inputs):
            self._fixed.update(dict.fromkeys(node.output, node))
        elif any(settled) and all(s or self._is_fixed(n) for s, n in zip(settled, inputs, strict=True)):
            self.values.update(self._computed(node))
        elif any(settled):
            self._absorb(node, inputs)

    def _is_fixed(self, name: str) -> bool:
        return not name or name in self._stored or name in self._fixed

    def _absorb(self, node: onnx.NodeProto, inputs: list[str]) -> None:
        zero, shape = [self.is_zero(name) for name in inputs], self._shapes[node.output[0]]
        if node.op_type in ("Mul", "MatMul") and any(zero):
            self.values[node.output[0]] = np.zeros(shape, np.float32)
        elif node.op_type in ("Conv", "ConvTranspose") and any(zero[:2]):
            bias = inputs[2] if len(inputs) > 2 else ""
            if not bias or bias in self.values or self._is_fixed(bias):
                offset = self._value(bias).reshape(-1, 1) if bias else np.float32(0)
                self.values[node.output[0]] = np.broadcast_to(offset, shape).astype(np.float32)
        elif node.op_type in ("Add", "Sub") and zero[1] and self._shapes.get(inputs[0]) == shape:
            self.same[node.output[0]] = inputs[0]
        elif node.op_type == "Add" and zero[0] and self._shapes.get(inputs[1]) == shape:
            self.same[node.output[0]] = inputs[1]

    def _value(self, name: str) -> Array:
        if name in self.values:
            return self.values[name]
        if name in self._stored:
            return numpy_helper.to_array(self._stored[name])
        return self._computed(self._fixed[name])[name]

    def _computed(self, node: onnx.NodeProto) -> dict[str, Array]:
        feeds = {name: self._value(self.plain(name)) for name in node.input if name}
        given, ends = ([onnx.ValueInfoProto(name=n) for n in names if n] for names in (feeds, node.output))
        graph = helper.make_graph([node], "one", given, ends)
        single = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self._opset)])
        results = ReferenceEvaluator(single).run(None, feeds)
        return {end.name: np.asarray(value) for end, value in zip(ends, results, strict=True)}


def _settled(model: onnx.ModelProto, known: _Known, states: list[str]) -> onnx.ModelProto:
    """The model with what is known as constants, and only these states."""
    made = onnx.ModelProto(ir_version=model.ir_version, producer_name=model.producer_name)
    made.opset_import.extend(model.opset_import)
    graph, ends = made.graph, {*states, *map(_next, states)}
    graph.name = model.graph.name
    for old, new in ((model.graph.input, graph.input), (model.graph.output, graph.output)):
        new.extend(e for e in old if e.name in ends or not e.name.startswith(("state.", "next.", "noise.")))
    graph.initializer.extend(model.graph.initializer)
    graph.initializer.extend(numpy_helper.from_array(v, KNOWN + name) for name, v in known.values.items())
    for node in model.graph.node:
        if node.output[0] not in known.values and node.output[0] not in known.same:
            graph.node.add().CopyFrom(node)
            graph.node[-1].input[:] = map(known.stored, node.input)
    for name in [end.name for end in graph.output]:
        if name in known.same or name in known.values:
            graph.node.append(helper.make_node("Identity", [known.same.get(name, KNOWN + name)], [name]))
    return made
