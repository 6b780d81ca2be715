"""`lodestone score`: a performance on one sheet to print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("score")(score)


def score(
    take: Annotated[Path, typer.Argument(help="What `lodestone record` wrote.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The PDF; else beside the take.")] = None,
    voice: Annotated[str | None, typer.Option(help="Another voice; else the first that was played.")] = None,
    folder: Annotated[Path, typer.Option(help="For voices that are made ready.")] = Path("out/score"),
) -> None:
    """Print a take: path over the board, touch, latents, sound.

    Example: lodestone score evening.take
    """
    from files import apart

    to = out or take.with_suffix(".pdf")
    apart(to, take)
    from graphs.card import load_onnx, read_card
    from lodestone.score import touches, write_score
    from lodestone.takes.heard import voices_of
    from lodestone.takes.sounds import path_sound
    from lodestone.takes.take_file import TakeError, read_take
    from lodestone.voice_files import find_voice, voice_graph

    read = read_take(take)
    touches(read)
    played = voices_of(read)
    if voice is None and not played:
        raise TakeError("a take that names its voice", "none", "name one with --voice")
    model = load_onnx(voice_graph(find_voice(voice or played[0]), folder / "voices"))
    card = read_card(model)
    title = f"{take.stem}, {read.seconds:.0f} s, {card.name}"
    write_score(to, title, read, card, path_sound(read, model, card))
    print(to)
