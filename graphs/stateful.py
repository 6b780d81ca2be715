"""A stateful ONNX graph under construction: every memory is an input `state.K` with an output `next.K`.

The graph conventions of the whole project in one place: named inputs, knobs with range and default, states
numbered in the order in which they are declared. Nothing remembers anything outside of these states.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
import spox
import spox.opset.ai.onnx.v17 as op
from spox import Tensor, Var

from graphs.knob import Knob

OPSET = 17
IR_VERSION = 9


@dataclass
class State:
    """One memory: `now` is what the last call left (zero at first), `then` what this call leaves."""

    label: str
    now: Var
    then: Var | None = None


def const(value: npt.ArrayLike) -> Var:
    """A float32 constant."""
    return op.const(np.asarray(value, dtype=np.float32))


def shape_const(shape: Sequence[int]) -> Var:
    """A shape or a list of axes, as the int64 that ONNX wants."""
    return op.const(np.asarray(shape, dtype=np.int64))


class StatefulGraph:
    """Collects inputs, knobs, states and outputs; `build` makes the model.

    Example:
        >>> graph = StatefulGraph()  # adds up what it is given
        >>> total = graph.state("total", (1,))
        >>> total.then = op.add(total.now, graph.input("x", (1,)))
        >>> graph.output("sum", op.mul(total.then, const(1.0)))
        >>> [value.name for value in graph.build().graph.output]
        ['sum', 'next.0']
    """

    def __init__(self) -> None:
        self._inputs: dict[str, Var] = {}
        self._outputs: dict[str, Var] = {}
        self.knobs: dict[str, Knob] = {}
        self.states: list[State] = []

    def input(self, name: str, shape: tuple[int, ...]) -> Var:
        """A new float32 input."""
        self._inputs[name] = spox.argument(Tensor(np.float32, shape))
        return self._inputs[name]

    def knob(self, name: str, knob: Knob) -> Var:
        """The input `knob.NAME`, shape [], held inside its range."""
        self.knobs[name] = knob
        raw = self.input(f"knob.{name}", ())
        return op.clip(raw, const(knob.minimum), const(knob.maximum))

    def state(self, label: str, shape: tuple[int, ...]) -> State:
        """A new memory that begins at zero. The first one declared is `state.0`."""
        name = f"state.{len(self.states)}"
        state = State(label, self.input(name, shape))
        self.states.append(state)
        return state

    def output(self, name: str, value: Var) -> None:
        """Names a result."""
        self._outputs[name] = value

    def build(self) -> onnx.ModelProto:
        """The model: opset 17, constants as initializers, states last among the outputs."""
        outputs = dict(self._outputs)
        for index, state in enumerate(self.states):
            if state.then is None:
                raise AssertionError(f"state {state.label} is never carried on")
            outputs[f"next.{index}"] = state.then
        model: onnx.ModelProto = spox.build(self._inputs, outputs)
        model.ir_version = IR_VERSION
        model.opset_import[0].version = OPSET
        _constants_to_initializers(model.graph)
        _drop_output_copies(model.graph)
        onnx.checker.check_model(model, full_check=True)
        return model


def _constants_to_initializers(graph: onnx.GraphProto) -> None:
    kept = []
    for node in graph.node:
        if node.op_type == "Constant":
            tensor = graph.initializer.add()
            tensor.CopyFrom(node.attribute[0].t)
            tensor.name = node.output[0]
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _drop_output_copies(graph: onnx.GraphProto) -> None:
    """Lets the producing node write the output itself instead of copying it there with an Identity."""
    outputs = {value.name for value in graph.output}
    producers = {name: node for node in graph.node for name in node.output}
    renamed: dict[str, str] = {}
    dropped = []
    for node in graph.node:
        source = node.input[0] if node.input else ""
        copies = node.op_type == "Identity" and node.output[0] in outputs and source in producers
        if copies and source not in renamed and source not in outputs:
            renamed[source] = node.output[0]
            dropped.append(node)
    for node in dropped:
        graph.node.remove(node)
    for node in graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                names[index] = renamed.get(name, name)
