"""What each layer of a voice was predicted to take of a board's core, and what it took there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model_export.compiler.boards import BOARDS, Counts
from model_export.compiler.cost import each_operation
from model_export.compiler.plan_reader import Operation, read_plan

Stage = tuple[str, int, int]
"""Scene, number of its voice, number of the stage."""


@dataclass(frozen=True)
class Layer:
    """One operation of a plan.

    Attributes:
        what: in words: `12 Conv 64 > 32, 3 taps, 16 rows`.
        ms: least and most of a block, by our model of the board.
    """

    what: str
    ms: tuple[float, float]


def scene_plans(image: Path) -> Iterator[tuple[str, int, list[Path]]]:
    """Scene, number of its voice, and the plans of that voice's stages, of an image's board.conf."""
    for line in (image / "board.conf").read_text().splitlines():
        key, _, value = line.partition(" = ")
        if key in ("scene", "safe_scene"):
            name, _, *voices = value.split()
            for number, stages in enumerate(voices):
                yield name, number, [image / plan for plan in stages.split("+")]


def predicted_layers(image: Path, board: str) -> dict[Stage, list[Layer]]:
    """Every operation of every plan of an image, in order.

    What reading weights costs is shared out by their size; a plan that fits the cache has no such cost.
    """
    found = {}
    for scene, voice, plans in scene_plans(image):
        for stage, plan in enumerate(plans):
            found[scene, voice, stage] = _layers(plan.read_bytes(), board, len(plans) - 1)
    return found


def _layers(data: bytes, name: str, others: int) -> list[Layer]:
    board, plan = BOARDS[name].beside(others), read_plan(data)
    weights = plan.header["weight_bytes"]
    fast_ms, slow_ms = board.load(Counts(), weights, 1.0).memory_ms
    layers = []
    for number, (counts, weight_bytes) in enumerate(each_operation(data, board.arch)):
        low_ms, high_ms = (1e3 * cycles / board.clock_hz for cycles in board.cycles(counts))
        share = weight_bytes / weights if weights else 0.0
        ends = max(low_ms, share * fast_ms), high_ms + share * slow_ms
        layers.append(Layer(f"{number} {_words(plan.operations[number])}", ends))
    return layers


def _words(operation: Operation) -> str:
    if operation.kind != "Conv":
        return f"{operation.kind} {operation.function}".strip()
    sizes = f"{operation['in_channels']} > {operation['out_channels']}, {operation['taps']} taps"
    return f"Conv {sizes}, {operation['rows']} rows"


def measured_layers(values: Sequence[str]) -> dict[Stage, list[float]]:
    """Milliseconds of each operation, in order, of lines SCENE VOICE STAGE OPERATION MICROSECONDS."""
    found: dict[Stage, list[float]] = {}
    for value in values:
        scene, voice, stage, _, us = value.split()
        found.setdefault((scene, int(voice), int(stage)), []).append(float(us) / 1e3)
    return found


def pairs(
    predicted: Mapping[Stage, Sequence[Layer]], measured: Mapping[Stage, Sequence[float]]
) -> Iterator[tuple[str, tuple[float, float] | None, float]]:
    """What, prediction and measurement of every operation that was measured."""
    for (scene, voice, stage), times in measured.items():
        layers = predicted.get((scene, voice, stage), ())
        for number, ms in enumerate(times):
            known = layers[number] if len(layers) == len(times) else None
            place = f"{scene}, voice {voice}" + (f", stage {stage + 1}" if stage else "")
            yield f"{place}: {known.what if known else number}", known.ms if known else None, ms
