"""`lodestone ts`: a voice as a TorchScript file of our own, for nn~ and everything else that plays RAVE."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("ts")(ts)


def ts(
    voice: Annotated[str, typer.Argument(help="A voice's graph (.onnx), or the name of one that ships.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write (.ts).")],
) -> None:
    """Write a voice as TorchScript, for nn~, nn.ar and PyTorch.

    With `encode` and `forward` where it has an encoder of ours (NAME.encoder.onnx beside NAME.onnx).

    Example: lodestone ts voice.onnx -o voice.ts
    """
    from files import apart, write_bytes
    from graphs.card import load_onnx, read_card
    from lodestone.voice_files import find_voice, kept_encoder, voice_graph
    from model_export.encoder import beside as encoder_beside
    from model_export.torchscript_writer import torchscript
    from voices.voice_graph import is_graph

    path = find_voice(voice)
    apart(output, path)
    graph = path if path.suffix == ".onnx" else voice_graph(path, output.parent)
    ears = kept_encoder(voice) if is_graph(path) else None
    if ears is not None and read_card(ears).frames != 1:  # of a RAVE: its own .ts has it
        print(f"{encoder_beside(path)} is of many frames a call: left out", file=sys.stderr)
        ears = None
    write_bytes(output, torchscript(load_onnx(graph), output.stem, ears))
    methods = "decode" if ears is None else "decode, encode, forward"
    print(f"{output}: {output.stat().st_size} bytes, {methods}", file=sys.stderr)
