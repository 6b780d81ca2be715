"""`lodestone atlas`: what each latent of a voice does in words, and a map of its sounds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from lodestone.columns import columns
from lodestone.options import LARGEST_SEED, finite


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("atlas")(atlas)


def atlas(
    voice: Annotated[str, typer.Argument(help="A voice that ships, a .ts or .onnx.")],
    take: Annotated[
        Path | None, typer.Option(help="A take of `lodestone record`, whose path the map shows.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for pictures and JSON.")] = Path("out/atlas"),
    seconds: Annotated[
        float, typer.Option(callback=finite, min=5.0, max=600.0, help="Of the walk that the map is made of.")
    ] = 40.0,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Of the walk.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The words and figures as JSON on stdout.")] = False,
) -> None:
    """Put words on what each latent does; map the voice's sounds.

    Example: lodestone atlas glass
    """
    from files import write_text
    from graphs.card import load_onnx, read_card
    from lodestone import sound_map
    from lodestone.takes.sounds import path_sound
    from lodestone.takes.take_file import read_take
    from lodestone.voice_files import find_voice, voice_graph
    from voices import atlas_words
    from voices.atlas import draw, table

    read = read_take(take) if take is not None else None
    model = load_onnx(voice_graph(find_voice(voice), out / "voices"))
    card = read_card(model)
    found = atlas_words.survey_graph(model)
    told = atlas_words.as_json(found, card.name)
    laid = sound_map.survey(model, card, seed, seconds)
    path = None
    if read is not None:
        path = laid.place(sound_map.windows(path_sound(read, model, card), card.sample_rate))
    out.mkdir(parents=True, exist_ok=True)
    name = Path(voice).name.split(".")[0]
    draw(found, card.name, out / f"{name}.atlas.png")
    write_text(out / f"{name}.atlas.json", json.dumps(told, indent=1) + "\n")
    sound_map.draw(laid, card.name, path, out / f"{name}.map.png")
    write_text(
        out / f"{name}.map.json", json.dumps(sound_map.as_json(laid, card.name, path), indent=1) + "\n"
    )
    if as_json:
        print(json.dumps(told, indent=1))
        return
    print(table(found), file=sys.stderr)
    rows = [(str(row["number"]), row["words"]) for row in told["latents"]]
    for row in told["planes"]:
        if row["words"] != "one movement":
            rows.append((f"{row['latents'][0]} and {row['latents'][1]}", row["words"]))
    print(columns(("latent", "what it does"), rows))
    print(out / f"{name}.map.png")
