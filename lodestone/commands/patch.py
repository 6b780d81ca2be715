"""`lodestone patch`: a patch that plays a board's OSC, wired for a voice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lodestone.default_files import GRAPHS, KEPT_IN


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("patch")(patch)


def patch(
    voice: Annotated[str | None, typer.Argument(help="For nn~: a name, .ts or .onnx; else sines.")] = None,
    pd: Annotated[bool, typer.Option("--pd", help="For Pure Data, the kind where none is named.")] = False,
    sc: Annotated[bool, typer.Option("--sc", help="For SuperCollider.")] = False,
    max_: Annotated[bool, typer.Option("--max", help="For Max.")] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The file; else standard output.")] = None,
    cache: Annotated[
        Path, typer.Option(help="Where graphs that are made are kept.", show_default=KEPT_IN)
    ] = GRAPHS,
) -> None:
    """Write a patch for Pure Data, SuperCollider or Max.

    Example: lodestone patch glass -o glass.pd
    """
    from files import write_text
    from graphs.card import read_card
    from lodestone.patches import patch_text
    from lodestone.voice_files import find_voice, voice_graph

    kinds = [kind for kind, asked in (("pd", pd), ("sc", sc), ("max", max_)) if asked] or ["pd"]
    card, name = None, ""
    if voice is not None:
        path = find_voice(voice)
        card, name = read_card(voice_graph(path, cache)), path.name.split(".")[0]
    text = patch_text(kinds, name, card)
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        print(out)
