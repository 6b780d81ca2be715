"""`lodestone patch`: a patch that plays a board's OSC, wired for a voice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lodestone.default_files import GRAPHS, KEPT_IN

if TYPE_CHECKING:
    import onnx

    from graphs.card import Card


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
    from files import apart, write_text
    from graphs.card import load_onnx, read_card
    from lodestone.patches import patch_text
    from lodestone.voice_files import find_voice, voice_graph

    kinds = [kind for kind, asked in (("pd", pd), ("sc", sc), ("max", max_)) if asked] or ["pd"]
    card, name, words = None, "", []
    if voice is not None:
        path = find_voice(voice)
        if out is not None:
            apart(out, path)
        model = load_onnx(voice_graph(path, cache))
        card, name = read_card(model), path.name.split(".")[0]
        words = _what_latents_do(model, card)
    text = patch_text(kinds, name, card, words)
    if out is None:
        print(text, end="")
    else:
        write_text(out, text)
        print(out)


def _what_latents_do(model: onnx.ModelProto, card: Card) -> list[str]:
    """Words for each latent, heard in some seconds of sound; none for a voice whose card tells no ranges."""
    from voices import atlas
    from voices.players import graph_player

    if card.latent is None or card.frames != 1:
        return []
    mean, std = card.latent.mean.astype(float), card.latent.std.astype(float)
    return atlas.in_words(atlas.survey(graph_player(model), mean, std, card.sample_rate))
