"""From a voice's file to its graph, whatever kind of file it is."""

from __future__ import annotations

from pathlib import Path

import onnx

import model_export
from graphs.card import load_onnx
from model_export.torchscript import plain_bytes, plain_name
from voices.errors import VoiceError

SEARCH_DB = 50.0
"""What the search for 8 bits is asked for. Walks through the latents differ by several dB, loud ones being
forgiving: 45 dB hold on others than those of the search.
"""


def is_graph(path: Path) -> bool:
    """Whether a file is an ONNX graph by its name, packed by xz or not."""
    return path.name.removesuffix(".xz").endswith(".onnx")


def export_voice(path: Path) -> onnx.ModelProto:
    """The streaming graph of a `.onnx` or a `.ts`, each packed by xz or not.

    Raises:
        ExportError: where the file is no voice.
        VoiceError: where an ONNX file is damaged.
    """
    if not is_graph(path):
        return model_export.export(path)
    if path.suffix == ".onnx":
        return load_onnx(path)
    try:
        return onnx.load_from_string(plain_bytes(path))
    except (OSError, ValueError) as error:
        raise VoiceError(f"a graph in {path}", str(error), "restore the file") from None
    except Exception as error:  # protobuf's DecodeError has no stable home
        raise VoiceError(f"a graph in {path}", str(error), "restore the file") from None


__all__ = ["SEARCH_DB", "export_voice", "is_graph", "plain_name"]
