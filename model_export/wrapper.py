"""Finds the decoder inside the wrappers that exporters have used over the years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_export.errors import ExportError
from model_export.torchscript import Module, ScriptFile, TensorRef

_RAVE = "a RAVE model with `decode`"
_DO = "export the model with RAVE's own `rave export --streaming`"
_INNER = ("_rave", "model")  # combined model and prior; other hosts' wrappers


@dataclass(frozen=True)
class Wrapper:
    """The module to call and the figures of its interface.

    Attributes:
        module: the one that has `decode`.
        sample_rate: Hz.
        latents: rows of a latent frame that the file itself asks for.
        hop: audio samples a latent frame.
        audio_inputs: channels that `encode` takes.
    """

    module: Module
    sample_rate: int
    latents: int
    hop: int
    audio_inputs: int


def unwrap(script: ScriptFile) -> Wrapper:
    """The decoder of a script. Raises ExportError when there is none, or its figures make no sense."""
    layers = [script.root]
    while len(layers) < 8:
        inner = [layers[-1].attributes.get(name) for name in _INNER]
        found = [module for module in inner if isinstance(module, Module)]
        if not found:
            break
        layers.append(found[0])
    module = next((layer for layer in layers if _has_method(script, layer, "decode")), None)
    if module is None:
        raise ExportError(_RAVE, f"a {script.root.short_name} without it", _DO)
    params = _numbers(script, layers, ("decode_params",))
    if len(params) != 4:
        raise ExportError(_RAVE, f"decode_params of {len(params)} numbers", _DO)
    rate = _numbers(script, layers, ("sr", "sampling_rate", "sample_rate"))[0]
    latents, hop = params[0], params[1]
    if not (1 <= latents <= 1024 and 1 <= hop <= 1 << 20 and 1000 <= rate <= 400_000):
        got = f"{latents} latents, hop {hop}, {rate} Hz"
        raise ExportError("1..1024 latents, hop 1..1048576, 1000..400000 Hz", got, _DO)
    encode = _numbers(script, layers, ("encode_params", "decode_params"))
    return Wrapper(module, rate, latents, hop, min(max(encode[0], 1), 16))


def _has_method(script: ScriptFile, module: Module, name: str) -> bool:
    return name in script.source.class_source(module.class_name).methods


def _numbers(script: ScriptFile, layers: list[Module], names: tuple[str, ...]) -> list[int]:
    for layer in layers:
        for name in names:
            value = layer.attributes.get(name)
            if isinstance(value, TensorRef) and 1 <= value.elements <= 16:
                return [int(n) for n in np.atleast_1d(np.nan_to_num(script.load(value).astype(np.float64)))]
            if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e9:
                return [int(value)]
    raise ExportError(_RAVE, f"a {script.root.short_name} without {names[0]}", _DO)
