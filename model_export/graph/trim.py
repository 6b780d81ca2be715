"""`prune` for models as they are stored: without what no output ever hears, the states numbered anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import onnx


def trimmed(model: onnx.ModelProto) -> tuple[onnx.ModelProto, list[str]]:
    """The model with only what reaches an output, now or in a later call.

    Returns:
        The same model, changed in place, and the names that its states had: the k-th is `state.k` now.
    """
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output if name}
    sounding = [end.name for end in graph.output if not end.name.startswith("next.")]
    states: list[str] = []
    while True:
        needed = _needed([*sounding, *map(_next, states)], makers)
        more = [end.name for end in graph.input if end.name.startswith("state.") and end.name in needed]
        if more == states:
            break
        states = more
    ends = {*sounding, *map(_next, states)}
    _keep(graph.node, lambda node: any(name in needed for name in node.output))
    _keep(graph.initializer, lambda tensor: tensor.name in needed)
    _keep(graph.input, lambda end: end.name in needed or not end.name.startswith(("state.", "noise.")))
    _keep(graph.output, lambda end: end.name in ends)
    _rename(graph, {name: f"state.{k}" for k, name in enumerate(states)})
    _rename(graph, {_next(name): f"next.{k}" for k, name in enumerate(states)})
    return model, states


def _next(state: str) -> str:
    return "next." + state.removeprefix("state.")


def _needed(roots: Iterable[str], makers: dict[str, onnx.NodeProto]) -> set[str]:
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(makers[name].input if name in makers else ())
    return found


def _keep(field: Any, wanted: Callable[[Any], bool]) -> None:
    """Deletes what is not wanted of a repeated field."""
    for index in reversed(range(len(field))):
        if not wanted(field[index]):
            del field[index]


def _rename(graph: onnx.GraphProto, new: dict[str, str]) -> None:
    for end in [*graph.input, *graph.output]:
        end.name = new.get(end.name, end.name)
    for node in graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
        node.output[:] = [new.get(name, name) for name in node.output]
