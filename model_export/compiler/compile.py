"""From an ONNX model to the bytes of a plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from graphs.card import LEAD
from model_export.compiler import plan
from model_export.compiler.arena import place
from model_export.compiler.elementwise import join
from model_export.compiler.errors import PlanError
from model_export.compiler.filterbank import halve, spread
from model_export.compiler.fuse import fuse
from model_export.compiler.header import header_facts, real, shown, table
from model_export.compiler.interleave import interleave
from model_export.compiler.lower import Lowering
from model_export.compiler.nodes import NodeList
from model_export.compiler.operators import OPERATORS
from model_export.compiler.plainer import rewrite
from model_export.compiler.read import load_model, read_graph
from model_export.errors import refused
from model_export.graph.ir import Value


def compile_plan(model: onnx.ModelProto | str | Path) -> bytes:
    """The plan of a touch or voice graph.

    Args:
        model: an ONNX model of opset 17 with static shapes, or its file; states are inputs `state.K` with
            outputs `next.K`, random draws inputs `noise.K`, live parameters inputs `knob.NAME`. Its card,
            when it has one, fills the plan's header.

    Raises:
        PlanError: with the node's name, when the graph holds what the engine has not.

    Example:
        >>> from tests.support.tiny import voice_model
        >>> compile_plan(voice_model())[:8]
        b'LODEPLAN'
    """
    with refused(PlanError, "a graph that adds up", "export the model again"):
        proto = load_model(model)
        return build_plan(read_graph(proto), read_card_text(proto)).pack()


def read_card_text(model: onnx.ModelProto) -> str:
    """The card's JSON, or an empty string."""
    return next((p.value for p in model.metadata_props if p.key == "lodestone.card"), "")


def build_plan(graph: NodeList, card_text: str) -> plan.Plan:
    """Optimises and lowers a graph."""
    inputs = {value.name: value for value in graph.inputs}
    return lower_plan(graph, inputs, optimise(graph), card_text)[0]


def optimise(graph: NodeList) -> dict[str, Value]:
    """Rewrites a graph in place into what the engine does fastest; returns its outputs by name."""
    names = [value.name for value in graph.outputs]
    rewrite(graph)
    halve(graph)
    interleave(graph)
    join(graph)
    fuse(graph)
    spread(graph)
    graph.prune()
    return dict(zip(names, graph.outputs, strict=True))


def lower_plan(
    graph: NodeList, inputs: dict[str, Value], outputs: dict[str, Value], card_text: str
) -> tuple[plan.Plan, list[int]]:
    """The plan of an optimised graph between named inputs and outputs.

    Returns:
        The plan, and how many operations there were when each node of the graph had been lowered.
    """
    card = parse_card(card_text)
    states = [(name, v, _next(outputs, name, v)) for name, v in inputs.items() if name.startswith("state.")]
    visible = {name: v for name, v in inputs.items() if not name.startswith("state.")}
    results = {name: v for name, v in outputs.items() if not name.startswith("next.")}
    lowering = Lowering(graph)
    for value in visible.values():
        lowering.views[value] = lowering.reserve_io(value)
    places = lowering.run(OPERATORS, [(v, following) for _, v, following in states], list(results.values()))
    tensors = [_input(name, v, lowering.views[v].buffer.offset, card) for name, v in visible.items()]
    results_at = zip(results.items(), places, strict=True)
    shapes = [{name: v.shape for name, v in values.items()} for values in (inputs, outputs)]
    facts = header_facts(card, *shapes)
    made = plan.Plan(
        **facts,
        inputs=tensors,
        outputs=[plan.Tensor(name, v.shape, at.buffer.offset) for (name, v), at in results_at],
        operations=lowering.operations,
        arena_floats=place([b for b in lowering.arena if b.uses]),
        io_floats=lowering.io_floats,
        initial_state=_initial_state([(name, v) for name, v, _ in states], lowering, card),
        constants=np.concatenate([np.zeros(0, np.float32), *lowering.constants]),
        weights=b"".join(lowering.weights),
        card=card_text,
    )
    return made, lowering.lowered


def parse_card(text: str) -> dict[str, Any]:
    """A card's JSON as a dictionary, empty for an empty text. Raises PlanError for anything else."""
    try:
        card = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict):
        raise PlanError("a card in JSON", "something else", "export the model again")
    return card


def _next(outputs: dict[str, Value], state_name: str, state: Value) -> Value:
    name = "next." + state_name.removeprefix("state.")
    following = outputs.get(name)
    if following is None or following.shape != state.shape:
        got = "none" if following is None else f"shape {list(following.shape)}"
        raise PlanError(f"an output '{name}' of shape {list(state.shape)}", got, "export the model again")
    return following


def _input(name: str, value: Value, io_offset: int, card: dict[str, Any]) -> plan.Tensor:
    if name.startswith("noise."):
        distribution = table(table(card, "noise"), name).get("distribution", "normal")
        roles = {"normal": "NoiseNormal", "uniform": "NoiseUniform"}
        if not isinstance(distribution, str) or distribution not in roles:
            raise PlanError("normal or uniform noise", shown(distribution), "correct the card")
        return plan.Tensor(name, value.shape, io_offset, roles[distribution])
    if name.startswith(LEAD):
        return plan.Tensor(name, value.shape, io_offset, default=0.0)
    knobs, key = table(card, "knobs"), name.removeprefix("knob.")
    if not name.startswith("knob.") or key not in knobs:
        return plan.Tensor(name, value.shape, io_offset)
    knob = table(knobs, key)
    low, high = (
        real(knob, *bound, of=f"knob {shown(key)}") for bound in (("minimum", 0.0), ("maximum", 1.0))
    )
    default = real(knob, "default", low, of=f"knob {shown(key)}")
    return plan.Tensor(name, value.shape, io_offset, "Value", default, low, high)


def _initial_state(
    states: list[tuple[str, Value]], lowering: Lowering, card: dict[str, Any]
) -> npt.NDArray[np.float32]:
    import base64

    memory = np.zeros(lowering.state_floats, np.float32)
    for name, state in states:
        text = table(card, "initial_state").get(name)
        if text is None:
            continue
        try:
            values = np.frombuffer(base64.b64decode(text, validate=True), "<f4")
        except (ValueError, TypeError):
            raise PlanError("base64 floats", f"something else for {name}", "correct the card") from None
        if values.size != state.elements:
            raise PlanError(f"{state.elements} floats for {name}", f"{values.size}", "correct the card")
        view = lowering.views[state]
        window = np.lib.stride_tricks.as_strided(
            memory[view.buffer.offset :], view.dims, tuple(4 * s for s in view.strides)
        )
        window[...] = values.reshape(state.shape)
    return memory
