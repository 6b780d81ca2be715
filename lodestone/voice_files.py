"""The graph behind a voice's name, exact or in 8 bits: made once, and kept beside the plans."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import onnx

import graphs
import model_export
from files import plain_file, write_bytes
from graphs.card import load_onnx
from lodestone.settings import EXACT
from model_export.encoder import Encoder, encoder_graph
from model_export.encoder import beside as encoder_beside
from model_export.quantise import quantise
from model_export.torchscript import plain_name
from voices import catalogue
from voices.voice_graph import SEARCH_DB, export_voice, is_graph

Progress = Callable[[str], None]


def find_voice(voice: str, beside: Path = Path()) -> Path:
    """The file of a voice: any `.ts`, `.ts.xz` or `.onnx` by its path from `beside`, else of one that ships.

    Raises:
        VoiceError: where it is neither.
    """
    path = beside / voice
    return path if path.is_file() else catalogue.file(voice)


def find_encoder(voice: str, beside: Path = Path()) -> Encoder | None:
    """What turns sound into the latents of a voice: that of its `.ts`, of `NAME.encoder.onnx` beside its
    `NAME.onnx`, or of the voice that ships; None where it has none.

    Raises:
        VoiceError: no such voice, or a damaged file.
        ExportError: a `.ts` whose encoder cannot be run.
    """
    path = find_voice(voice, beside)
    if not is_graph(path):
        return Encoder(encoder_graph(path))
    graph = kept_encoder(voice, beside)
    return None if graph is None else Encoder(graph)


def kept_encoder(voice: str, beside: Path = Path()) -> onnx.ModelProto | None:
    """The graph of `NAME.encoder.onnx` beside a voice's `NAME.onnx`, or of the voice that ships, if any.

    Raises:
        VoiceError: no such voice, or a damaged file.
    """
    if (beside / voice).is_file():
        kept = encoder_beside(beside / voice)
        return load_onnx(kept) if kept.is_file() else None
    return catalogue.of(voice).encoder()


def voice_graph(
    voice: Path, cache: Path, precision: str = EXACT, progress: Progress = lambda _: None
) -> Path:
    """The streaming ONNX graph of a voice: the file itself, or what is made of it, kept in `cache`.

    Args:
        voice: a `.ts`, `.ts.xz` or `.onnx`. One that is in 8 bits already stays as it is.
        cache: a folder, made if it is not there.
        precision: one of `settings.PRECISIONS`.
        progress: told one short line at each stage of what takes long.

    Raises:
        model_export.ExportError: where the file is no RAVE model.
    """
    if voice.suffix == ".onnx" and (precision == EXACT or _is_quantised(load_onnx(voice))):
        return voice
    graph = cache / f"{plain_name(voice)}-{precision}-{_recipe(voice)}.onnx"
    if not graph.is_file():
        write_bytes(graph, _make(voice, precision, progress).SerializeToString())
    return graph


def _make(voice: Path, precision: str, progress: Progress) -> onnx.ModelProto:
    exact = export_voice(voice)
    return exact if precision == EXACT else quantise(exact, precision, SEARCH_DB, progress=progress).model


def _is_quantised(model: onnx.ModelProto) -> bool:
    return any(node.op_type == "DequantizeLinear" for node in model.graph.node)


def _recipe(voice: Path) -> str:
    """Changes with the file, and with the code that makes graphs of it: an update makes them anew."""
    digest = hashlib.sha256(plain_file(voice).read_bytes())
    for room in (graphs, model_export):
        for source in sorted(Path(str(room.__file__)).parent.rglob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
