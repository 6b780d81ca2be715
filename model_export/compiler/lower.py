"""From nodes to operations: where values live, which nodes vanish into views, which become kernel calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from model_export.compiler import plan
from model_export.compiler.errors import PlanError
from model_export.compiler.nodes import NodeList
from model_export.compiler.views import ARENA, CONSTANT, IO, STATE, Buffer, View, dense, loops, same_place
from model_export.graph.ir import Array, Node, Value

# Nodes that only look at their input in another way; see lower_shape.py.
VIEW_OPS = frozenset(
    (
        "Identity",
        "Dropout",
        "Reshape",
        "Flatten",
        "Squeeze",
        "Unsqueeze",
        "Transpose",
        "Slice",
        "Split",
        "Expand",
    )
)
_ALIGN = 16


class Lowering:
    """Turns one graph into operations. Call `run` once, then read the lists."""

    def __init__(self, graph: NodeList) -> None:
        self.graph = graph
        self.voice = any(node.op == "Conv" for node in graph.nodes)
        self.operations: list[plan.Loops | plan.Conv] = []
        self.arena: list[Buffer] = []
        self.constants: list[npt.NDArray[np.float32]] = []
        self.constant_floats = 0
        self.weights: list[bytes] = []
        self.weight_bytes = 0
        self.io_floats = 0
        self.lowered: list[int] = []  # operations so far, behind each node
        self.views: dict[Value, View] = {}
        self.homes: dict[Value, View] = {}
        # Placed inside a Concat, perhaps through reshapes: its output, axis, start, and the part's shape.
        self.parts: dict[Value, tuple[Value, int, int, tuple[int, ...]]] = {}
        self._known: dict[object, View] = {}

    # -- where values live

    def reserve_io(self, value: Value) -> View:
        """Room in the io space, row-major, for a graph input or output."""
        view = dense(Buffer(IO, value.elements, self.io_floats), 0, value.shape)
        self.io_floats += -(-value.elements // _ALIGN) * _ALIGN
        return view

    def buffer(self, size: int) -> Buffer:
        """Room in the arena."""
        buffer = Buffer(ARENA, size)
        self.arena.append(buffer)
        return buffer

    def order_for(self, shape: Sequence[int], like: Sequence[View] = ()) -> tuple[int, ...]:
        """Axes from slow to fast for a new value: as its largest operand has them; else rows of channels."""
        for view in like:
            if view.dims == tuple(shape):
                return view.order()
        if self.voice and len(shape) == 3:
            return (0, 2, 1)
        return tuple(range(len(shape)))

    def home(self, value: Value, like: Sequence[View] = ()) -> View:
        """Where a computed value is to be written: its part of a Concat, an output, or new room."""
        if value not in self.homes:
            if value in self.parts:
                whole, axis, start, shape = self.parts[value]
                part = self.home(whole).slice(axis, start, shape[axis])
                seen = part if shape == value.shape else part.reshape(value.shape)
                if seen is not None and same_place(seen.reshape(shape), part):
                    self.homes[value] = seen
                    return seen
            order = self.order_for(value.shape, like)
            self.homes[value] = dense(self.buffer(value.elements), 0, value.shape, order)
        return self.homes[value]

    def view(self, value: Value) -> View:
        """Where a value can be read."""
        if value.constant is not None:
            return self.constant(value.constant)
        return self.views[value]

    def constant(self, data: Array, order: Sequence[int] | None = None) -> View:
        """A constant array in the constant space, its axes in the given order; equal ones are kept once."""
        array = np.asarray(data, np.float32)
        axes = tuple(range(array.ndim)) if order is None else tuple(order)
        flat = np.ascontiguousarray(array.transpose(axes)).reshape(-1)
        if flat.size and np.all(flat == flat[0]) and flat.size > 1:
            one = self.constant(flat[:1])
            return View(one.buffer, one.offset, array.shape, (0,) * array.ndim)
        key = (flat.tobytes(), array.shape, axes)
        if key not in self._known:
            at = self.constant_floats
            self._known[key] = dense(Buffer(CONSTANT, flat.size, at), 0, array.shape, axes)
            self.constants.append(flat)
            self.constant_floats += flat.size
        return self._known[key]

    def constant_at(self, data: Array) -> int:
        """Where a flat constant begins, in floats from the start of the constants."""
        flat = np.ascontiguousarray(data, np.float32).reshape(-1)
        self.constants.append(flat)
        self.constant_floats += flat.size
        return self.constant_floats - flat.size

    def pack_weights(self, data: bytes) -> int:
        """Adds weights; returns where they begin, in bytes."""
        at = self.weight_bytes
        padded = data + bytes(-len(data) % 64)
        self.weights.append(padded)
        self.weight_bytes += len(padded)
        return at

    # -- operations

    def emit(self, operation: plan.Loops | plan.Conv, views: Sequence[View]) -> None:
        """Appends an operation that touches these views."""
        for view in views:
            view.buffer.uses.append(len(self.operations))
        self.operations.append(operation)

    def map(self, function: str, out: View, *operands: View, parameter: float = 0.0) -> None:
        """An element-wise operation; operands are broadcast to the result."""
        views = [out, *(operand.expand(out.dims) for operand in operands)]
        dims, strides = loops(views)
        while len(dims) > 4:  # rarer than rare: peel the slowest loop
            for i in range(dims[0]):
                cut = [
                    View(v.buffer, v.offset + i * s[0], (), ()) for v, s in zip(views, strides, strict=True)
                ]
                if len(dims) != 5:
                    raise PlanError("tensors of at most five axes", f"{len(dims)}", "reshape them")
                inner = [s[1:] for s in strides]
                self.emit(plan.Loops("Map", function, dims[1:], cut, inner, (parameter, 0.0)), cut)
            return
        self.emit(plan.Loops("Map", function, dims, views, strides, (parameter, 0.0)), views)

    def copy(self, to: View, source: View) -> None:
        """Copies elements of equal dims."""
        self.map("Copy", to, source)

    def dense_copy(self, source: View, order: Sequence[int] | None = None) -> View:
        """The same elements in new room, gapless, with axes in the given order."""
        target = dense(self.buffer(source.size), 0, source.dims, order)
        self.copy(target, source)
        return target

    def loops(
        self,
        kind: str,
        function: str,
        dims: Sequence[int],
        views: Sequence[View],
        parameters: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """An operation whose loops stay as given (at most four)."""
        strides = [list(view.strides) for view in views]
        self.emit(plan.Loops(kind, function, dims, views, strides, parameters), views)

    # -- the whole graph

    def run(
        self, operators: Operators, states: Sequence[tuple[Value, Value]], outputs: Sequence[Value]
    ) -> list[View]:
        """Lowers every node by its operator's function, then the outputs and the step from `next` to state.

        Returns the views of the outputs.
        """
        state_floats = 0
        for state, _ in states:
            order = self.order_for(state.shape)
            self.views[state] = dense(Buffer(STATE, state.elements, state_floats), 0, state.shape, order)
            state_floats += state.elements
        self.state_floats = state_floats
        places = [self.reserve_io(value) for value in outputs]
        self._place_outputs(outputs, places)
        self._place_parts()
        for node in self.graph.nodes:
            lower = operators.get(node.op)
            if lower is None:
                raise PlanError(
                    "operators that the engine has", f"{node.where}", "play this model through ONNX Runtime"
                )
            lower(self, node)
            self.lowered.append(len(self.operations))
        for value, place in zip(outputs, places, strict=True):
            if not same_place(self.view(value), place):
                self.copy(place, self.view(value))
        self._advance(states)
        return places

    def _place_outputs(self, outputs: Sequence[Value], places: Sequence[View]) -> None:
        """Lets producers write straight into the outputs, also through reshapes and transpositions."""
        producers = self.graph.producers()
        for value, place in zip(outputs, places, strict=True):
            looks: list[Node] = []
            while (maker := producers.get(value)) is not None and maker.op in ("Reshape", "Transpose"):
                looks.append(maker)
                value = maker.input(0)
            if maker is None or maker.op in VIEW_OPS or value in self.homes:
                continue
            home = place
            if looks:
                home = dense(place.buffer, place.offset, value.shape, self.order_for(value.shape))
            if same_place(_seen_through(home, looks[::-1]), place):
                self.homes[value] = home

    def _place_parts(self) -> None:
        """Lets producers write straight into the Concat that reads them."""
        producers = self.graph.producers()
        for node in reversed(self.graph.nodes):
            if node.op != "Concat":
                continue
            axis, start = node.attributes["axis"] % len(node.output.shape), 0
            for value in node.inputs:
                shape = value.shape
                while (maker := producers.get(value)) is not None and maker.op == "Reshape":
                    value = maker.input(0)
                free = value not in self.parts and value not in self.homes
                if maker is not None and maker.op not in VIEW_OPS and free and value.elements:
                    self.parts[value] = (node.output, axis, start, shape)
                start += shape[axis]

    def _advance(self, states: Sequence[tuple[Value, Value]]) -> None:
        # A next state may be a view of another state: save such ones before any state is overwritten.
        steps = []
        for state, following in states:
            source = self.view(following)
            if source.buffer.space == STATE and source != self.views[state]:
                source = self.dense_copy(source, self.views[state].order())
            steps.append((self.views[state], source))
        for state_view, source in steps:
            if source != state_view:
                self.copy(state_view, source)


def _seen_through(view: View, nodes: Sequence[Node]) -> View | None:
    """What is left to see of a view after these reshapes and transpositions; None where that takes a copy."""
    for node in nodes:
        if node.op == "Transpose":
            view = view.transpose(node.attributes.get("perm", list(range(len(view.dims)))[::-1]))
        elif (reshaped := view.reshape(node.output.shape)) is None:
            return None
        else:
            view = reshaped
    return view


# What a node becomes, by its operator.
Lower: TypeAlias = Callable[[Lowering, Node], None]
Operators: TypeAlias = dict[str, Lower]
