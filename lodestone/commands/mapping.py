"""`lodestone mapping`: which mappings there are, what one does in figures, and whether your own will do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lodestone.columns import columns
from lodestone.options import LARGEST_SEED

if TYPE_CHECKING:
    from lodestone.mapping_show import Shown

Name = Annotated[str, typer.Argument(help="rotate, rings+memory, mine.py:swirl, mine.onnx, …")]
Voice = Annotated[str, typer.Option(help="The voice whose latents it plays: a name, .onnx or .ts.")]
Seed = Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Of the mapping's random choices.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to the command line."""
    verbs = typer.Typer(
        help="Entanglement: which mappings there are, and what one does.\n\nExample: lodestone mapping list",
        no_args_is_help=True,
    )
    verbs.command("list")(listed)
    verbs.command("show")(show)
    verbs.command("check")(check)
    app.add_typer(verbs, name="mapping")


def listed() -> None:
    """Every mapping, and what may stand behind it.

    Example: lodestone mapping list
    """
    from mapping import families, shapers

    print(
        columns(("mapping", "what it does"), [(name, families.in_words(name)) for name in families.names()])
    )
    print(
        "\nBehind one of these or a file of your own (mine.py:name, mine.onnx), joined by +, in this order:"
    )
    print(columns(("shaper", "what it does"), [(name, shapers.in_words(name)) for name in shapers.names()]))


def show(
    name: Name,
    voice: Voice = "glass",
    recording: Annotated[
        Path | None, typer.Option(help="A recording of play; else a gesture on the simulated board.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Of the board that was recorded; else the simulated board's.")
    ] = None,
    against: Annotated[str | None, typer.Option(help="Another mapping, beside it.")] = None,
    seed: Seed = 0,
    knob: Annotated[
        list[str] | None, typer.Option(help="Where a knob of the first stands: entanglement=0.4.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the picture.")] = Path("out"),
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on stdout.")] = False,
) -> None:
    """What a mapping does: who moves whom, how steeply, how much.

    Example: lodestone mapping show rotate --against rings
    """
    from lodestone.mapping_show import draw, knobs_of, measured, performance

    touch = performance(recording, calibration, out)
    turned = knobs_of(knob or [])
    shown = [measured(name, voice, touch, seed, turned)]
    if against is not None:
        shown.append(measured(against, voice, touch, seed, {}))
    picture = draw(shown, out)
    if as_json:
        print(json.dumps([one.as_dict() for one in shown], indent=1))
    else:
        _print(shown)
        print(f"picture  {picture}")


def check(name: Name, voice: Voice = "glass", seed: Seed = 0) -> None:
    """Whether a mapping of your own can be flashed.

    Its signature, operators, continuity and cost are looked at.

    Example: lodestone mapping check mine.py:swirl
    """
    from lodestone.mapping_show import checked

    for line in checked(name, voice, seed):
        print(line)


def _print(shown: list[Shown]) -> None:
    from lodestone.mapping_show import in_words

    for line in in_words(shown):
        print(line)
