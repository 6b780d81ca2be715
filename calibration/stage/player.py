"""Plays a stateful graph frame by frame in ONNX Runtime: second engine on the host, oracle in tests."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

Float32 = npt.NDArray[np.float32]


class GraphPlayer:
    """Holds the states of a graph between calls; knobs stand at their default until they are set."""

    def __init__(self, model: onnx.ModelProto) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        self._session: Any = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self._outputs = [output.name for output in self._session.get_outputs()]
        self._shapes = {value.name: tuple(value.shape) for value in self._session.get_inputs()}
        card = {entry.key: entry.value for entry in model.metadata_props}.get("lodestone.card", "{}")
        self.card: dict[str, Any] = json.loads(card)
        self._held: dict[str, Float32] = {}
        for name, knob in self.card.get("knobs", {}).items():
            self.set_knob(name, knob["default"])
        self.reset()

    def reset(self) -> None:
        """Every state back to zero; knobs stay."""
        for name, shape in self._shapes.items():
            if name.startswith("state."):
                self._held[name] = np.zeros(shape, dtype=np.float32)

    def set_knob(self, name: str, value: float) -> None:
        """Turns a knob; the graph glides there."""
        self._held[f"knob.{name}"] = np.array(value, dtype=np.float32)

    def state(self, label: str) -> Float32:
        """The memory with this label in the card."""
        name = next(name for name, text in self.card["states"].items() if text == label)
        return self._held[name]

    def step(self, **inputs: npt.ArrayLike) -> dict[str, Float32]:
        """One call; gives every output that is not a state."""
        given = {name: np.asarray(value, dtype=np.float32) for name, value in inputs.items()}
        results = self._session.run(self._outputs, {**self._held, **given})
        named: dict[str, Float32] = dict(zip(self._outputs, results, strict=True))
        for name in self._outputs:
            if name.startswith("next."):
                self._held["state." + name[5:]] = named.pop(name)
        return named
