"""Cuts a voice into stages: plans that as many cores play at once, each a block behind the one before it.

Stage k works on the block that stage k - 1 has finished, so a block takes as long as the slowest stage, and
sounds a block later for each stage more. Played one after the other, the stages give the whole plan's bits:
they are cut out of the graph after it was optimised.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import onnx

from model_export.compiler.boards import BOARDS, Board
from model_export.compiler.compile import lower_plan, optimise, parse_card, read_card_text
from model_export.compiler.cost import each_operation
from model_export.compiler.errors import PlanError
from model_export.compiler.nodes import NodeList, like, new_node
from model_export.compiler.read import load_model, read_graph
from model_export.errors import refused
from model_export.graph.ir import Node, Value

MOST_STAGES = 3  # the fourth core is left to audio, sensors and Linux
_COPY_CYCLES = 3.0  # to hand one float on, on either side
_MOST_AXES = 4  # of an input or output


@dataclass(frozen=True)
class _Voice:
    """An optimised voice: the nodes, and what comes in and goes out by name."""

    nodes: list[Node]
    inputs: dict[str, Value]
    outputs: dict[str, Value]


def compile_stages(
    model: onnx.ModelProto | str | Path, count: int, board: Board | None = None
) -> list[bytes]:
    """The plans of a voice's `count` stages, in the order in which a block goes through them.

    A stage hands its values on as outputs `stage.0`, `stage.1`, … that are inputs of the next one. States
    stay with their stage. Random draws are made in the first stage that needs any, in the whole plan's order,
    so that they are the same numbers.

    Args:
        model: as `compile_plan` takes it.
        count: 1 to MOST_STAGES; 1 gives the whole plan.
        board: whose counted work is balanced; the one with several cores where None.

    Raises:
        PlanError: another count, a touch, or a graph that cannot be cut so often.
    """
    if not 1 <= count <= MOST_STAGES:
        raise PlanError(f"1 to {MOST_STAGES} stages", f"{count}", "ask for another number")
    with refused(PlanError, "a graph that adds up", "export the model again"):
        return _stages(load_model(model), count, board)


def _stages(proto: onnx.ModelProto, count: int, board: Board | None) -> list[bytes]:
    text = read_card_text(proto)
    voice = _read(read_graph(proto))
    whole, lowered = lower_plan(_graph(voice), voice.inputs, voice.outputs, text)
    data = whole.pack()
    if count == 1:
        return [data]
    if "latent" not in voice.inputs:
        raise PlanError("a voice", "a touch, which is far too short to be cut", "compile it whole")
    board = (board or BOARDS["bela-gem"]).beside(count - 1)
    seconds = _node_seconds(data, lowered, board)
    cuts = _best_cuts(voice, seconds, count, _COPY_CYCLES / board.clock_hz)
    said = {name: getattr(whole, name) for name in ("latents", "frames", "hop", "channels")}
    card = {"kind": "voice", **said, **parse_card(text)}
    return _stage_plans(voice, seconds, cuts, card)


def _read(graph: NodeList) -> _Voice:
    """Optimised, and with what only keeps a state for the next block moved up to where its value is made."""
    inputs = {value.name: value for value in graph.inputs}
    outputs = optimise(graph)
    readers, makers = graph.consumers(), {v: i for i, node in enumerate(graph.nodes) for v in node.outputs}
    kept = {value for name, value in outputs.items() if name.startswith("next.")}
    heard = {value for name, value in outputs.items() if not name.startswith("next.")}
    keepers: set[int] = set()
    for node in reversed(graph.nodes):
        outs = [reader for value in node.outputs for reader in readers.get(value, [])]
        tail = all(id(reader) in keepers for reader in outs) and not heard.intersection(node.outputs)
        if tail and (outs or kept.intersection(node.outputs)):
            keepers.add(id(node))
    anchor = list(range(len(graph.nodes)))
    for i, node in enumerate(graph.nodes):
        made = [anchor[makers[v]] for v in node.inputs if v in makers]
        if id(node) in keepers and made:
            anchor[i] = max(made)
    order = sorted(range(len(graph.nodes)), key=lambda i: (anchor[i], i))
    return _Voice([graph.nodes[i] for i in order], inputs, outputs)


def _graph(voice: _Voice) -> NodeList:
    return NodeList(voice.nodes, list(voice.inputs.values()), list(voice.outputs.values()))


def _node_seconds(data: bytes, lowered: Sequence[int], board: Board) -> list[float]:
    """The pessimistic time of each node on `board`."""
    each = [
        board.cycles(counts)[1] / board.clock_hz + weight_bytes / board.bandwidth[1]
        for counts, weight_bytes in each_operation(data, board.arch)
    ]
    return [sum(each[first:last]) for first, last in pairwise([0, *lowered])]


class _Cutting:
    """Where each value is made and last needed when the nodes are cut at the places `cuts`."""

    def __init__(self, voice: _Voice, cuts: Sequence[int]) -> None:
        self.voice = voice
        self.bounds = [0, *cuts, len(voice.nodes)]
        self.last = len(cuts)
        stage_of = [s for s, (a, b) in enumerate(pairwise(self.bounds)) for _ in range(a, b)]
        self.made: dict[Value, int] = {}
        readers: dict[Value, list[int]] = {}
        for stage, node in zip(stage_of, voice.nodes, strict=True):
            self.made.update(dict.fromkeys(node.outputs, stage))
            for value in node.present:
                if value.constant is None:
                    readers.setdefault(value, []).append(stage)
        noises = [v for name, v in voice.inputs.items() if name.startswith("noise.")]
        drawn = min((s for v in noises for s in readers.get(v, [])), default=0)
        for name, value in voice.inputs.items():
            if not name.startswith("state."):
                self.made[value] = drawn if name.startswith("noise.") else 0
        for name, value in voice.outputs.items():
            if not name.startswith("next."):
                readers.setdefault(value, []).append(self.last)
        self.whole_states = self._place_states(readers)
        self.needed = {value: max(stages) for value, stages in readers.items()}

    def _place_states(self, readers: dict[Value, list[int]]) -> bool:
        """Puts each state where it is read; False where one would be torn apart."""
        for name, state in self.voice.inputs.items():
            if not name.startswith("state."):
                continue
            following = self.voice.outputs["next." + name.removeprefix("state.")]
            stages = set(readers.get(state, [])) | {self.made.get(following, -1)} - {-1}
            if len(stages) > 1:
                return False
            self.made[state] = min(stages, default=0)
            readers.setdefault(following, []).append(self.made[state])
        return True

    def crossing(self, boundary: int) -> list[Value]:
        """What stage `boundary` hands to the one behind it."""
        return [v for v, made in self.made.items() if made <= boundary < self.needed.get(v, -1)]


def _best_cuts(voice: _Voice, seconds: Sequence[float], count: int, copy_s: float) -> tuple[int, ...]:
    """The cuts whose slowest stage is fastest, handing on included."""
    widths: dict[int, int] = {}  # floats that cross where a cut is possible
    for at in range(1, len(voice.nodes)):
        cutting = _Cutting(voice, (at,))
        values = cutting.crossing(0)
        if cutting.whole_states and values and all(len(v.shape) <= _MOST_AXES for v in values):
            widths[at] = sum(v.elements for v in values)

    def slowest(cuts: Iterable[int]) -> float:
        bounds = [0, *cuts, len(voice.nodes)]
        hand = [copy_s * widths.get(at, 0) for at in bounds]
        return max(sum(seconds[a:b]) + hand[i] + hand[i + 1] for i, (a, b) in enumerate(pairwise(bounds)))

    best = min(combinations(sorted(widths), count - 1), key=slowest, default=None)
    if best is None:
        raise PlanError(
            f"a voice that can be cut into {count}", "one that its states hold together", "play it whole"
        )
    return best


def _stage_plans(
    voice: _Voice, seconds: Sequence[float], cuts: Sequence[int], card: dict[str, object]
) -> list[bytes]:
    cutting = _Cutting(voice, cuts)
    handed = [cutting.crossing(boundary) for boundary in range(len(cuts))]
    names = {
        value: f"stage.{i}" for i, value in enumerate(dict.fromkeys(v for values in handed for v in values))
    }
    plans = []
    for stage, (first, last) in enumerate(pairwise(cutting.bounds)):
        before = [_handed_over(value) for value in (handed[stage - 1] if stage > 0 else [])]
        after = [_handed_over(value) for value in (handed[stage] if stage < cutting.last else [])]
        inputs = {names[value]: place for value, place in before}
        inputs |= {
            name: v
            for name, v in voice.inputs.items()
            if cutting.made.get(v) == stage and _belongs(name, v, cutting)
        }
        outputs = {names[value]: place for value, place in after}
        for name, value in voice.outputs.items():
            state = (
                voice.inputs.get("state." + name.removeprefix("next.")) if name.startswith("next.") else None
            )
            if (cutting.made[state] if state is not None else cutting.last) == stage:
                outputs[name] = value
        nodes = [_turn(place, value) for value, place in before] + voice.nodes[first:last]
        nodes += [_turn(value, place) for value, place in after]
        text = json.dumps(_stage_card(card, stage, len(cuts) + 1, sum(seconds[first:last]) / sum(seconds)))
        graph = NodeList(nodes, list(inputs.values()), list(outputs.values()))
        plans.append(lower_plan(graph, inputs, outputs, text)[0].pack())
    return plans


def _belongs(name: str, value: Value, cutting: _Cutting) -> bool:
    """Noise that nobody hears is still drawn, for the sake of the draws behind it."""
    return value in cutting.needed or name.startswith(("noise.", "latent", "state."))


def _handed_over(value: Value) -> tuple[Value, Value]:
    """A value, and how it goes from stage to stage: rows of channels, as both sides have it in memory."""
    shape = value.shape
    turned = (shape[0], shape[2], shape[1]) if len(shape) == 3 else shape
    return value, like(value, turned, "")


def _turn(source: Value, target: Value) -> Node:
    if len(source.shape) == 3:
        return new_node("Transpose", [source], [target], {"perm": [0, 2, 1]})
    return new_node("Identity", [source], [target])


def _stage_card(card: dict[str, object], stage: int, count: int, share: float) -> dict[str, object]:
    """The voice's card, with the delay of all stages and this one's share of the work."""
    hop, frames, delay, macs = (card.get(k, 0) for k in ("hop", "frames", "delay_samples", "macs_per_second"))
    block = int(str(hop)) * max(int(str(frames)), 1)
    made = {key: value for key, value in card.items() if key not in ("reference", "latent")}
    made["stage"] = {"number": stage + 1, "of": count, "share": round(share, 4)}
    made["delay_samples"] = int(str(delay)) + (count - 1) * block
    made["macs_per_second"] = float(str(macs)) * share
    return made
