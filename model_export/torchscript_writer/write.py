"""From a voice's graph to a module with `decode`, and with its encoder's to one with `encode` and `forward`.

Any number of rows and frames, every row with its own past. The text is written from the graphs node by node
(`frame.py`). nn~ asks for `get_methods`, `get_attributes` and for every method a tensor `METHOD_params`
(channels in, of how many samples each a value; channels out, likewise); others for `sr`.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from graphs.card import Card, read_card
from model_export.errors import ExportError
from model_export.torchscript import OWN_CLASS, OWN_STATISTICS
from model_export.torchscript_writer.container import Attribute, container, pickled
from model_export.torchscript_writer.frame import DECODE, ENCODE, Frame

Array = npt.NDArray[Any]
_MODULE, _CLASS = "__torch__.lodestone", "Voice"
_ME = f"{_MODULE}.{_CLASS}"
assert _ME == OWN_CLASS


def torchscript(model: onnx.ModelProto, name: str = "voice", encoder: onnx.ModelProto | None = None) -> bytes:
    """The bytes of a `.ts` that plays this voice.

    Args:
        model: a voice of one frame a call, in 32 bits, with its card.
        name: of the folder within, by custom the file's own name without its ending.
        encoder: sound to the voice's latents, of one frame a call; None: the file has `decode` alone.

    Raises:
        ExportError: no voice, several frames a call, 8-bit weights, an operator that has no text, a graph
            that is no whole one, or the encoder of another voice.
    """
    card = read_card(model)
    if card.kind != "voice" or card.frames != 1:
        got = f"a {card.kind} graph of {card.frames} frames a call"
        raise ExportError("a voice of one frame a call", got, "export it again with --frames 1")
    try:
        frames = [Frame(model, DECODE, _ME)]
        if encoder is not None:
            _check(read_card(encoder), card)
            frames.append(Frame(encoder, ENCODE, _ME))
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:  # a stranger's graph
        got = f"one that it cannot follow ({type(error).__name__}: {error})"
        raise ExportError("a voice's graph", got, "see whether `lodestone compile` takes it") from None
    tensors = {name: array for frame in frames for name, array in frame.tensors().items()}
    tensors.update(_statistics(card))
    # As nn~ reads them: channels in, their ratio to the sample rate, channels out, ratio out.
    figures = {"decode": [card.latents, card.hop, card.channels, 1]}
    if encoder is not None:
        figures["encode"] = [1, 1, card.latents, card.hop]
        figures["forward"] = [1, 1, card.channels, 1]
    tensors.update({f"{method}_params": np.asarray(each, np.int64) for method, each in figures.items()})
    attributes: dict[str, Attribute] = dict(tensors)
    attributes.update({"sr": card.sample_rate, "training": False, "_is_full_backward_hook": None})
    pickle, storages = pickled(_MODULE, _CLASS, attributes)
    root = re.sub(r"[^A-Za-z0-9_.-]", "_", name) or "voice"
    text = _class(frames, list(tensors), list(figures))
    return container(root, pickle, storages, {"__torch__/lodestone.py": text})


def _check(ears: Card, voice: Card) -> None:
    wanted = (1, 1, voice.latents, voice.hop, voice.sample_rate)
    got = (ears.frames, ears.channels, ears.latents, ears.hop, ears.sample_rate)
    if ears.kind != "encoder" or got != wanted:
        words = "frames a call, channels, latents, hop and rate"
        told = f"{ears.kind} of {', '.join(map(str, got))}"
        raise ExportError(
            f"an encoder with {words} of {', '.join(map(str, wanted))}", told, "leave the encoder out"
        )


def _statistics(card: Card) -> dict[str, Array]:
    latent = card.latent
    if latent is None:
        return {}
    values = (latent.mean, latent.std, latent.probabilities, latent.quantiles)
    return dict(zip(OWN_STATISTICS, (np.asarray(v, np.float32) for v in values), strict=True))


def _class(frames: list[Frame], tensors: list[str], methods: list[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in tensors)
    named = ", ".join(f'"{name}"' for name in methods)
    lines = [
        f"class {_CLASS}(Module):",
        "  __parameters__ = []",
        f"  __buffers__ = [{quoted}, ]",
        *(f"  {name} : Tensor" for name in tensors),
        "  sr : int",
        "  training : bool",
        "  _is_full_backward_hook : Optional[bool]",
        *(text for frame in frames for text in frame.code()),
        f"  def get_methods(self: {_ME}) -> List[str]:",
        f"    return [{named}]",
        f"  def get_attributes(self: {_ME}) -> List[str]:",
        '    return ["none"]',
    ]
    if "forward" in methods:
        lines += [f"  def forward(self: {_ME},", "    x: Tensor) -> Tensor:"]
        lines += ["    return (self).decode((self).encode(x, ), )"]
    return "\n".join([*lines, ""])
