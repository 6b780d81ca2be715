"""Says whether a plan fits a board, and what would make it fit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from model_export.compiler.boards import BOARDS, Board, Load
from model_export.compiler.cost import PlanConv, convolutions, predicted
from model_export.compiler.errors import PlanError
from model_export.compiler.plan_reader import read_header
from model_export.compiler.stages import MOST_STAGES, compile_stages

COMFORTABLE = 0.70  # of a core: the rest is for Linux, sensors, OSC and the audio thread itself
TOUCH_PERIOD_S = 1 / 200


@dataclass(frozen=True)
class Fit:
    """A plan on a board.

    Attributes:
        load: predicted share of one core.
        instructions: predicted instructions of one call.
        advice: what would bring the load down, each with the load that it would leave (high end).
    """

    board: Board
    load: Load
    instructions: float
    macs_per_second: float
    advice: list[tuple[str, float]]

    @property
    def fits(self) -> bool:
        """Whether the pessimistic end leaves room for everything else."""
        return self.load.high <= COMFORTABLE


def fit(data: bytes, target: str, others: int = 0) -> Fit:
    """Predicts one plan's load on one of BOARDS, while `others` of its cores read memory too.

    Raises:
        PlanError: another board, or no plan.

    Example:
        >>> from tests.support.tiny import voice_plan
        >>> fit(voice_plan(), "bela").load.high < 0.1  # of the core
        True
    """
    if target not in BOARDS:
        raise PlanError(f"one of {', '.join([*BOARDS, 'host'])}", f"'{target}'", "choose one of these")
    header = read_header(data)
    board, period = BOARDS[target].beside(others), period_of(data)
    counts = predicted(data, board.arch)
    weights = header["weight_bytes"]
    load = board.load(counts, weights, period)
    macs = sum(conv.macs for conv in convolutions(data)) / period
    return Fit(board, load, counts.total, macs, _advice(data, board, weights, period))


def fit_stages(model: onnx.ModelProto | str | Path, count: int, target: str) -> list[Fit]:
    """Predicts each of a voice's stages on a core of its own, while the others read memory too.

    Raises:
        PlanError: fewer cores than stages, or a voice that `compile_stages` does not cut.
    """
    board = BOARDS.get(target)
    if board is None or board.cores < count:
        able = ", ".join(name for name, each in BOARDS.items() if each.cores >= count) or "a larger board"
        raise PlanError(f"{able} for {count} stages", f"'{target}'", "choose that board, or one stage")
    return [fit(data, target, count - 1) for data in compile_stages(model, count, board)]


def staged_advice(model: onnx.ModelProto | str | Path, target: str) -> list[tuple[str, float]]:
    """What stages would make of a voice that one core does not carry, as `Fit.advice` has it."""
    most = min(MOST_STAGES, BOARDS[target].cores)
    advice = []
    for count in range(2, most + 1):
        slowest = max(stage.load.high for stage in fit_stages(model, count, target))
        later = "a block later" if count == 2 else f"{count - 1} blocks later"
        advice.append((f"play it in {count} stages, each on a core of its own, {later}", slowest))
    return advice


def period_of(data: bytes) -> float:
    """Seconds from one call to the next; a touch plan is called 200 times a second."""
    header = read_header(data)
    rate, block = header["sample_rate_hz"], header["hop"] * header["frames"]
    return float(block / rate) if rate and block else TOUCH_PERIOD_S


def _quantised(conv: PlanConv) -> PlanConv:
    plain = conv.groups == 1 and conv.in_channels > 1 and conv.format == "Float32"
    return replace(conv, format="Int8Int16") if plain else conv


def _halved(conv: PlanConv) -> PlanConv:
    if conv.in_channels == 1 and conv.out_channels == 1:
        return conv
    return replace(
        conv, in_channels=max(1, conv.in_channels // 2), out_channels=max(1, conv.out_channels // 2)
    )


def _advice(data: bytes, board: Board, weights: int, period: float) -> list[tuple[str, float]]:
    floats = any(conv.format == "Float32" and conv.in_channels > 1 for conv in convolutions(data))
    quantised = board.load(predicted(data, board.arch, _quantised), weights * 0.27, period).high
    advice = []
    if floats:
        advice.append(("quantise it: 'lodestone quantize', 8-bit weights and 16-bit activations", quantised))
    share = 0.25 * (0.27 if floats else 1.0)
    smaller = predicted(data, board.arch, lambda conv: _halved(_quantised(conv)))
    half = board.load(smaller, weights * share, period).high
    advice.append(("train half the capacity (CAPACITY in the configuration), quantised", half))
    if any(conv.taps >= 33 and conv.in_channels > 1 for conv in convolutions(data)):
        advice.append(("train with a standard filter bank (the engine has a fast form for it)", quantised))
    return advice
