"""The contenders with 8 bits: the engine's own precisions and ONNX Runtime's best forms, each with how near
it is to the exact voice.

ONNX Runtime quantises as its own tool does: static, per channel, on streamed calls, sub-pixel convolutions
over [channels, time]. The tool's two notations differ in what the runtime makes of them, so both run.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from graphs.player import GraphPlayer
from model_export.quantise import quantise
from tests.support.oracle import Arrays

ENGINE_MODES = ("w8a16", "w8a8")
CALIBRATION_CALLS, SETTLING_CALLS, COMPARED_CALLS = 16, 8, 40


def engine_forms(model: onnx.ModelProto) -> dict[str, tuple[onnx.ModelProto, float]]:
    """By mode: the graph for the engine, and its signal-to-noise ratio in dB."""
    made = {mode: quantise(model, mode) for mode in ENGINE_MODES}
    return {mode: (voice.model, voice.report.snr_db) for mode, voice in made.items()}


def ort_forms(model: onnx.ModelProto) -> dict[str, tuple[onnx.ModelProto, float]]:
    """By notation: the graph for ONNX Runtime, and its signal-to-noise ratio in dB."""
    formats = {"int8": QuantFormat.QDQ, "int8 operators": QuantFormat.QOperator}
    made = {name: _static(model, notation) for name, notation in formats.items()}
    rng = np.random.default_rng(1)
    calls = [_latents(model, rng) for _ in range(COMPARED_CALLS)]
    exact = _play(model, calls)
    noise = {name: float(np.mean((_play(form, calls) - exact) ** 2)) for name, form in made.items()}
    signal = float(np.mean(exact**2))
    return {name: (form, 10 * float(np.log10(signal / noise[name]))) for name, form in made.items()}


def _latents(model: onnx.ModelProto, rng: np.random.Generator) -> Arrays:
    shapes = {i.name: [d.dim_value for d in i.type.tensor_type.shape.dim] for i in model.graph.input}
    return {n: rng.normal(size=s).astype(np.float32) for n, s in shapes.items() if "state." not in n}


def _play(model: onnx.ModelProto, calls: list[Arrays]) -> npt.NDArray[np.float64]:
    stream = GraphPlayer(model)
    sound = [stream.run(call)["audio"].reshape(-1) for call in calls]
    return np.concatenate(sound[SETTLING_CALLS:]).astype(np.float64)


class _Streamed(CalibrationDataReader):  # type: ignore[misc]
    """Latents with the states that they meet in a performance."""

    def __init__(self, model: onnx.ModelProto) -> None:
        rng = np.random.default_rng(0)
        oracle, self.calls = GraphPlayer(model), []
        for _ in range(CALIBRATION_CALLS):
            call = _latents(model, rng)
            self.calls.append({**oracle.states, **call})
            oracle.run(call)

    def get_next(self) -> Arrays | None:
        """The next call's inputs."""
        return self.calls.pop(0) if self.calls else None


def _static(model: onnx.ModelProto, notation: QuantFormat) -> onnx.ModelProto:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "fp32.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, source)
        kinds = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
        quantize_static(source, target, _Streamed(model), quant_format=notation, per_channel=True, **kinds)
        return onnx.load(target)
