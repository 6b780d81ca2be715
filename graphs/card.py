"""The model card: what a graph is, how it is driven, how it is known to be intact.

The card travels as JSON in the ONNX metadata under `lodestone.card` and inside compiled plans.
docs/model-card.md describes every field.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from files import FileError, plain_file
from graphs.errors import GraphError
from graphs.knob import Knob
from graphs.tolerance import EXACT, LOOSE

FORMAT, VERSION, KEY = "lodestone-card", 1, "lodestone.card"
_NESTED = {onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS}
MOST_ONNX_BYTES = 2 << 30
"""Of a file: protobuf reads no larger one."""
LEAD = "lead."
"""How names of inputs begin that need not be given, zero then: by them another graph leads this one."""
FloatArray = npt.NDArray[np.float32]
_DO = "export the model again with `lodestone export`"


@dataclass(frozen=True)
class LatentStatistics:
    """How the encoder spreads its latents, so that a mapping can aim at them.

    Attributes:
        origin: "corpus" (measured by encoding recordings) or "prior" (by the design of the training).
        mean, std: [Z].
        probabilities: [P], rising, inside 0..1.
        quantiles: [Z, P].
    """

    origin: str
    mean: FloatArray
    std: FloatArray
    probabilities: FloatArray
    quantiles: FloatArray


@dataclass(frozen=True)
class Reference:
    """A recorded run: calls from a reset graph, and what the last of them must give.

    Attributes:
        inputs: name -> [calls, ...shape of the input].
        noise: name -> the one number that fills this noise input in every call.
        output: name -> what the last call gives.
        tolerance: largest error, as a share of the output's peak.
    """

    inputs: Mapping[str, FloatArray]
    noise: Mapping[str, float]
    output: Mapping[str, FloatArray]
    tolerance: float = EXACT


@dataclass(frozen=True)
class Card:
    """Everything about a graph that its shapes do not say. Fields that do not apply keep their defaults.

    Attributes:
        kind: "voice", "touch", or "encoder": what turns sound into a voice's latents.
        name: of the model.
        latents: Z.
        sample_rate, hop, frames, channels: Hz, samples a frame, frames a call, audio channels (voices).
        delay_samples: from a latent to the middle of its sound, inside the model (voices); from a sound
            to its latents (encoders).
        step_ms: when 10, 50 and 90 per cent of a latent step are heard, measured in the sound; empty where it
            was not measured (voices).
        parameters: numbers in the weights.
        macs_per_second: multiplications with addition, at the model's rate.
        state_bytes: memory between calls.
        source_sha256: of the file that the graph was made from.
        latents_of: the voice whose latents these are, where it is another: its mappings fit (voices).
        taught: of a distilled voice: by whom (`teacher`, `sha256`, `licence`), how long (`minutes`) and how
            near it came (`fidelity`: figure -> value) (voices).
        noise: name -> (distribution "normal" or "uniform", shape).
        initial_state: name -> values at reset in row-major order, for states that do not start at zero.
        rate_hz, knobs, calibration_sha256, voice: touch graphs.
        lag_ms: until half of a small step of the field has come through the smoothing (touch graphs).
        states: name -> what this memory is, in words (touch graphs).
    """

    kind: str
    name: str
    latents: int
    sample_rate: int = 0
    hop: int = 0
    frames: int = 1
    channels: int = 0
    delay_samples: int = 0
    step_ms: tuple[float, ...] = ()
    parameters: int = 0
    macs_per_second: int = 0
    state_bytes: int = 0
    source_sha256: str = ""
    latent: LatentStatistics | None = None
    latents_of: str = ""
    taught: Mapping[str, Any] = field(default_factory=dict)
    noise: Mapping[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    initial_state: Mapping[str, FloatArray] = field(default_factory=dict)
    reference: Reference | None = None
    rate_hz: float = 0.0
    knobs: Mapping[str, Knob] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    calibration_sha256: str = ""
    voice: str = ""
    lag_ms: float = 0.0

    @property
    def delay_ms(self) -> float:
        """The model's own delay in milliseconds; 0 where there is no sample rate."""
        return 1000.0 * self.delay_samples / self.sample_rate if self.sample_rate else 0.0

    def to_json(self) -> str:
        """The card as JSON, without the fields of the other kind."""
        data: dict[str, object] = {"format": FORMAT, "version": VERSION}
        for name in (*_COMMON, *(_TOUCH if self.kind == "touch" else _VOICE)):
            data[name] = getattr(self, name)
        if self.step_ms:
            data["step_ms"] = list(self.step_ms)
        if self.latents_of:
            data["latents_of"] = self.latents_of
        if self.taught:
            data["taught"] = dict(self.taught)
        if self.latent is not None:
            data["latent"] = {"origin": self.latent.origin} | {
                key: shortest(getattr(self.latent, key))
                for key in ("mean", "std", "probabilities", "quantiles")
            }
        if self.noise:
            data["noise"] = {k: {"distribution": d, "shape": list(s)} for k, (d, s) in self.noise.items()}
        if self.initial_state:
            data["initial_state"] = {k: _base64(v) for k, v in self.initial_state.items()}
        if self.kind == "touch":
            data["knobs"] = {name: vars(knob) for name, knob in self.knobs.items()}
            data["states"] = dict(self.states)
        if self.reference is not None:
            pack = _pack_words if self.reference.tolerance >= LOOSE else _pack
            data["reference"] = {
                "input": {k: _pack(v) for k, v in self.reference.inputs.items()},
                "noise": dict(self.reference.noise),
                "output": {k: pack(v) for k, v in self.reference.output.items()},
                "tolerance": self.reference.tolerance,
            }
        return json.dumps(data, separators=(",", ":"))

    @staticmethod
    def from_json(text: str) -> Card:
        """Reads a card; GraphError on another format, a newer version or missing fields."""
        try:
            data = json.loads(text)
            if not isinstance(data, dict) or data.get("format") != FORMAT:
                raise GraphError("a model card", "other metadata", _DO)
            if data["version"] != VERSION:
                raise GraphError(f"a model card of version {VERSION}", f"version {data['version']}", _DO)
            plain = {name: data[name] for name in (*_COMMON, *_VOICE, *_TOUCH) if name in data}
            return Card(
                **plain,
                step_ms=tuple(float(part) for part in data.get("step_ms", ())),
                latent=_statistics(data.get("latent")),
                latents_of=str(data.get("latents_of", "")),
                taught=dict(data.get("taught", {})),
                noise={k: (v["distribution"], tuple(v["shape"])) for k, v in data.get("noise", {}).items()},
                initial_state={k: _floats(v) for k, v in data.get("initial_state", {}).items()},
                states=dict(data.get("states", {})),
                knobs={k: Knob(**v) for k, v in data.get("knobs", {}).items()},
                reference=_reference(data.get("reference")),
            )
        except RecursionError:
            raise GraphError("a model card", "brackets in brackets without end", _DO) from None
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise GraphError("a complete model card", f"a damaged one ({error})", _DO) from error


_COMMON = ("kind", "name", "latents", "parameters", "macs_per_second", "state_bytes", "source_sha256")
_VOICE = ("sample_rate", "hop", "frames", "channels", "delay_samples")
_TOUCH = ("rate_hz", "calibration_sha256", "voice", "lag_ms")


def _pack(array: npt.ArrayLike) -> dict[str, object]:
    data = np.ascontiguousarray(array, "<f4")
    return {"shape": list(data.shape), "float32": _base64(data)}


def _pack_words(array: npt.ArrayLike) -> dict[str, object]:
    data = np.asarray(array, np.float32)
    step = max(float(np.abs(data).max(initial=0.0)), 1e-30) / 32767
    words = np.round(data / step).astype("<i2")
    text = base64.b64encode(words.tobytes()).decode("ascii")
    return {"shape": list(data.shape), "step": step, "int16": text}


def shortest(array: FloatArray) -> object:
    """Nested lists with the fewest digits that name each float."""
    return [shortest(row) for row in array] if array.ndim else float(str(np.float32(array)))


def _base64(array: npt.ArrayLike) -> str:
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode("ascii")


def _floats(text: object) -> FloatArray:
    return np.frombuffer(base64.b64decode(str(text), validate=True), "<f4").astype(np.float32)


def _unpack(packed: Mapping[str, object]) -> FloatArray:
    shape = packed["shape"]
    if not isinstance(shape, list):
        raise TypeError("shape")
    if "int16" in packed:
        words = np.frombuffer(base64.b64decode(str(packed["int16"]), validate=True), "<i2")
        return (words * float(str(packed["step"]))).astype(np.float32).reshape(shape)
    return _floats(packed["float32"]).reshape(shape)


def _statistics(data: Mapping[str, object] | None) -> LatentStatistics | None:
    if data is None:
        return None
    arrays = {k: np.asarray(data[k], np.float32) for k in ("mean", "std", "probabilities", "quantiles")}
    for name, array in arrays.items():
        if array.size and array.ndim != (2 if name == "quantiles" else 1):
            raise ValueError(f"{name} of {array.ndim} dimensions")
    return LatentStatistics(str(data["origin"]), **arrays)


def _reference(data: dict[str, dict[str, dict[str, object]]] | None) -> Reference | None:
    if data is None:
        return None
    return Reference(
        {k: _unpack(v) for k, v in data["input"].items()},
        {k: float(str(v)) for k, v in data["noise"].items()},
        {k: _unpack(v) for k, v in data["output"].items()},
        float(str(data["tolerance"])),
    )


def attach_card(model: onnx.ModelProto, card: Card) -> None:
    """Writes the card into the model's metadata, in place of any other."""
    text = card.to_json()
    for entry in model.metadata_props:
        if entry.key == KEY:
            entry.value = text
            return
    model.metadata_props.add(key=KEY, value=text)


def load_onnx(path: str | Path) -> onnx.ModelProto:
    """An ONNX file without external data. Raises GraphError when it is none."""
    try:
        model = onnx.load(str(plain_file(path, MOST_ONNX_BYTES)), load_external_data=False)
    except FileError:
        raise
    except OSError as error:
        raise GraphError("an ONNX file", f"no readable file at {path}", "check the path") from error
    except Exception as error:  # protobuf's DecodeError has no stable home
        raise GraphError("an ONNX file", f"other bytes in {path}", "check the path") from error
    check_in_one_file(model)
    return model


def check_in_one_file(model: onnx.ModelProto) -> None:
    """Raises GraphError where a tensor names another file: whoever takes its numbers would read that one."""
    waiting = [model.graph]
    while waiting:
        graph = waiting.pop()
        attributes = [attribute for node in graph.node for attribute in node.attribute]
        sparse = [s for a in attributes for s in (a.sparse_tensor, *a.sparse_tensors)]
        sparse += graph.sparse_initializer
        dense = [*graph.initializer, *(t for a in attributes for t in (a.t, *a.tensors))]
        for tensor in (*dense, *(part for s in sparse for part in (s.values, s.indices))):
            if tensor.data_location == onnx.TensorProto.EXTERNAL:
                raise GraphError("a model in one file", f"weights elsewhere for {tensor.name}", _DO)
        waiting += [inner for a in attributes if a.type in _NESTED for inner in (a.g, *a.graphs)]


def read_card(model: onnx.ModelProto | str | Path) -> Card:
    """The card of a graph, given as proto or as path. Raises GraphError when there is none."""
    proto = model if isinstance(model, onnx.ModelProto) else load_onnx(model)
    for entry in proto.metadata_props:
        if entry.key == KEY:
            return Card.from_json(entry.value)
    raise GraphError("a graph with a model card", "one without", _DO)
