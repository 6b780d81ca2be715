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

    Example: lodestone ts voice.onnx -o voice.ts
    """
    from files import apart, write_bytes
    from graphs.card import load_onnx
    from lodestone.voice_files import find_voice, voice_graph
    from model_export.torchscript_writer import torchscript

    path = find_voice(voice)
    apart(output, path)
    graph = path if path.suffix == ".onnx" else voice_graph(path, output.parent)
    write_bytes(output, torchscript(load_onnx(graph), output.stem))
    print(f"{output}: {output.stat().st_size} bytes", file=sys.stderr)
