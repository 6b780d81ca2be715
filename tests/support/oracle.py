"""Streams a graph through ONNX Runtime and through the engine, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx

from firmware import Engine
from graphs.player import GraphPlayer
from model_export.compiler import compile_plan

Arrays = dict[str, npt.NDArray[np.float32]]


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
    """Both on the same calls, from their initial states."""
    engine, oracle = Engine(compile_plan(model), kernels), GraphPlayer(model)
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
