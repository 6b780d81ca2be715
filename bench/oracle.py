"""Streams a graph through ONNX Runtime and through the engine, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from firmware import Engine
from model_export.compiler import compile_plan

Arrays = dict[str, npt.NDArray[np.float32]]


class OrtStream:
    """ONNX Runtime on one thread; states go round by themselves."""

    def __init__(self, model: onnx.ModelProto) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # denormals stay: ONNX Runtime would flush them for the whole thread
        self.session = ort.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        self.names = [output.name for output in self.session.get_outputs()]
        states = [i for i in self.session.get_inputs() if i.name.startswith("state.")]
        self.states: Arrays = {i.name: np.zeros(i.shape, np.float32) for i in states}

    def run(self, feeds: Arrays) -> Arrays:
        """One call; outputs without the states."""
        values = dict(zip(self.names, self.session.run(None, {**self.states, **feeds}), strict=True))
        self.states = {name: values.pop("next." + name.removeprefix("state.")) for name in self.states}
        return values


@dataclass(frozen=True)
class Difference:
    """Largest absolute difference and largest magnitude over all calls."""

    error: float
    peak: float

    @property
    def relative(self) -> float:
        """Error as a share of the peak."""
        return self.error / max(self.peak, 1e-30)


def compare(model: onnx.ModelProto, feeds: list[Arrays], kernels: str = "best") -> Difference:
    """Both on the same calls, from fresh states."""
    engine, oracle = Engine(compile_plan(model), kernels), OrtStream(model)
    error = peak = 0.0
    for feed in feeds:
        expected, got = oracle.run(feed), engine.run(feed)
        assert list(expected) == list(got)
        for name, value in expected.items():
            wanted = value.astype(np.float32)
            assert wanted.shape == got[name].shape
            same = (wanted == got[name]) | (np.isnan(wanted) & np.isnan(got[name]))
            with np.errstate(invalid="ignore"):
                apart = np.where(same, 0, np.abs(wanted - got[name]))
            error = max(error, float(np.nan_to_num(apart, nan=np.inf).max(initial=0.0)))
            peak = max(peak, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0.0)))
    return Difference(error, peak)
