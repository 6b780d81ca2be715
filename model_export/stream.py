"""Plays a stateful ONNX graph in ONNX Runtime, its states kept from call to call."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from model_export.card import Card
from model_export.errors import ExportError

FloatArray = npt.NDArray[np.float32]
NUMPY_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(bool)": np.bool_,
    "tensor(int64)": np.int64,
}


def ort_session(model: onnx.ModelProto | bytes | str | Path, lean: bool = False) -> ort.InferenceSession:
    """A one-thread session. Raises ExportError when ONNX Runtime refuses the model."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    if lean:
        options.enable_cpu_mem_arena = False
        options.add_session_config_entry("session.disable_prepacking", "1")
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    if lean and isinstance(model, onnx.ModelProto):
        with tempfile.TemporaryDirectory() as folder:  # read from a file, one copy of the weights less
            path = Path(folder) / "lean.onnx"
            path.write_bytes(model.SerializeToString())
            return _session(str(path), options)
    if isinstance(model, onnx.ModelProto):
        return _session(model.SerializeToString(), options)
    return _session(model if isinstance(model, bytes) else str(model), options)


def _session(source: bytes | str, options: ort.SessionOptions) -> ort.InferenceSession:
    try:
        return ort.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime raises a family of its own, without a common base
        got = f"one that ONNX Runtime refuses ({str(error).splitlines()[0][:160]})"
        raise ExportError("an ONNX graph that runs", got, "export it again") from error


class OrtStream:
    """The oracle of the tests and the host's second engine: `run` one call, `reset` to silence.

    Args:
        model: a graph in Lodestone's conventions (`state.K` in, `next.K` out), as proto, bytes or path.
        seed: of the generator that draws the `noise.K` inputs not given to `run`.
        lean: runs the nodes exactly as written, slowly and in little memory.
    """

    def __init__(
        self, model: onnx.ModelProto | bytes | str | Path, seed: int = 0, lean: bool = False
    ) -> None:
        self._session = ort_session(model, lean)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.card: Card | None = (
            Card.from_json(metadata["lodestone.card"]) if "lodestone.card" in metadata else None
        )
        self.inputs = {i.name: tuple(i.shape) for i in self._session.get_inputs()}
        self._types = {i.name: NUMPY_TYPES.get(i.type, np.float32) for i in self._session.get_inputs()}
        self.outputs = {o.name: tuple(o.shape) for o in self._session.get_outputs()}
        self._state_names = [name for name in self.inputs if name.startswith("state.")]
        self._seed = seed
        self.reset()

    def reset(self) -> None:
        """States to their initial values, the generator to its seed."""
        initial = self.card.initial_state if self.card else {}
        self.states: dict[str, FloatArray] = {
            name: initial[name].reshape(self.inputs[name]).copy()
            if name in initial
            else np.zeros(self.inputs[name], np.float32)
            for name in self._state_names
        }
        self._random = np.random.default_rng(self._seed)

    def run(self, inputs: Mapping[str, npt.ArrayLike]) -> dict[str, FloatArray]:
        """One call: outputs by name, without the states. Unknown or missing names raise ExportError."""
        feed: dict[str, npt.NDArray[np.generic]] = dict(self.states)
        for name, value in inputs.items():
            if name not in self.inputs:
                raise ExportError(f"inputs among {', '.join(self.inputs)}", name, "check the name")
            data, shape = np.asarray(value, self._types[name]), self.inputs[name]
            if data.size != int(np.prod(shape)):
                raise ExportError(f"{name} of {list(shape)}", f"{list(data.shape)}", "check the shape")
            feed[name] = np.ascontiguousarray(data).reshape(shape)
        for name, shape in self.inputs.items():
            if name not in feed:
                feed[name] = self._default(name, shape)
        results = dict(zip(self.outputs, self._session.run(list(self.outputs), feed), strict=True))
        self.states = {name: results.pop("next." + name[6:]) for name in self._state_names}
        return results

    def _default(self, name: str, shape: tuple[int, ...]) -> FloatArray:
        if name.startswith("noise."):
            uniform = self.card is not None and self.card.noise.get(name, ("normal",))[0] == "uniform"
            drawn = self._random.random(shape) if uniform else self._random.standard_normal(shape)
            return drawn.astype(np.float32)
        knob = name.removeprefix("knob.")
        if self.card is not None and knob in self.card.knobs:
            return np.full(shape, self.card.knobs[knob].default, np.float32)
        raise ExportError(f"a value for {name}", "none", "give every input that is not noise or state")
