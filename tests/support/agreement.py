"""One mapping in ONNX Runtime, in the project's engine and in 64 bits, on one performance at any knobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

import firmware
from graphs.player import GraphPlayer
from mapping import touch_graph
from mapping.steepness import engines_apart
from mapping.taught import Taught
from model_export.compiler import compile_plan
from tests.support.plain_board import field_of, gaussian_card, plain_calibration

NOT_TURNED = ("reach", "rest_capture")
TAUGHT = 6
TURNED_EVERY = 40


@dataclass(frozen=True)
class Apart:
    """The largest difference between two engines over a performance, in sigma.

    Attributes:
        engines: ours from ONNX Runtime.
        largest: latent that was played.
        allowed: by `mapping.steepness.engines_apart`, at the steepest of the knobs.
        exact: (ours, ONNX Runtime) from the graph in 64 bits; NaN where that was not asked for.
    """

    engines: float
    largest: float
    allowed: float
    exact: tuple[float, float] = (np.nan, np.nan)


def taught_points(latents: int, seed: int, count: int = TAUGHT) -> Taught:
    """Gestures and sounds of a player who puts them anywhere."""
    dice = np.random.default_rng(seed)
    return Taught(dice.uniform(-0.6, 0.6, (count, 12)), dice.normal(0.0, 1.0, (count, latents)))


class InDoubles:
    """A touch graph in 64 bits, call by call, by ONNX's own reference in numpy."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self._run = ReferenceEvaluator(_doubled(model))
        self._states = {
            i.name: np.zeros([d.dim_value for d in i.type.tensor_type.shape.dim])
            for i in model.graph.input
            if i.name.startswith("state.")
        }

    def latent(self, feed: dict[str, Any]) -> np.ndarray:
        """[Z] of one call."""
        given = {name: np.asarray(value, np.float64) for name, value in feed.items()}
        found = dict(zip(self._run.output_names, self._run.run(None, {**self._states, **given}), strict=True))
        self._states = {name: np.asarray(found["next." + name[6:]]) for name in self._states}
        return np.asarray(found["latent"])


def _doubled(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph, every float32 a float64."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    for value in (*made.graph.input, *made.graph.output, *made.graph.value_info):
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            value.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    tensors = list(made.graph.initializer)
    for node in made.graph.node:
        for attribute in node.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                tensors.append(attribute.t)
            if node.op_type == "Cast" and attribute.i == onnx.TensorProto.FLOAT:
                attribute.i = onnx.TensorProto.DOUBLE
    for tensor in tensors:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.CopyFrom(
                numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name)
            )
    return made


def farthest(
    mapping: str, latents: int, seed: int, played: np.ndarray, frames: int, exact: bool = False
) -> Apart:
    """Plays frames of a performance, [N, 12] of unit spread, from anywhere in it, knobs thrown about."""
    dice, calibration = np.random.default_rng(seed), plain_calibration()
    taught = taught_points(latents, seed) if "snapshots" in mapping else None
    model = touch_graph(calibration, gaussian_card(latents), mapping, seed, taught)
    theirs, ours = GraphPlayer(model), firmware.Engine(compile_plan(model))
    doubles = InDoubles(model) if exact else None
    assert theirs.card is not None
    knobs = {name: knob.default for name, knob in theirs.card.knobs.items()}
    at, apart, largest, allowed = int(dice.integers(len(played))), np.zeros(3), 1.0, 0.0
    for frame in range(frames):
        if frame % TURNED_EVERY == 0:
            for name, knob in theirs.card.knobs.items():
                if name not in NOT_TURNED and (frame == 0 or dice.random() < 0.4):
                    low, high = knob.minimum, knob.maximum
                    knobs[name] = float(
                        dice.choice([low, high]) if dice.random() < 0.3 else dice.uniform(low, high)
                    )
            allowed = max(allowed, engines_apart(mapping, latents, seed, knobs, 0.0, taught))
        touch = np.clip(played[(at + frame) % len(played)] / 4.0, -0.55, 0.55)
        feed = {"field": field_of(calibration, touch), "valid": np.ones(4), "temperature": np.full(4, 25.0),
                "dt": dice.choice([0.004, 0.005, 0.005, 0.011])}  # fmt: skip
        feed |= {f"knob.{name}": value for name, value in knobs.items()}
        single = {name: np.asarray(value, np.float32) for name, value in feed.items()}
        one, other = ours.run(single)["latent"], theirs.run(single)["latent"]
        right = other if doubles is None else doubles.latent({**single, **_unled(model)})
        largest = max(largest, float(np.abs(other).max()))
        steps = [np.abs(one - other).max(), np.abs(one - right).max(), np.abs(other - right).max()]
        apart = np.maximum(apart, steps)
    exactly = (float(apart[1]), float(apart[2])) if exact else (np.nan, np.nan)
    return Apart(float(apart[0]), largest, allowed + 1e-6 * (largest - 1.0), exactly)


def _unled(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {
        i.name: np.zeros([d.dim_value for d in i.type.tensor_type.shape.dim])
        for i in model.graph.input
        if i.name.startswith("lead.")
    }
