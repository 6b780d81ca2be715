"""`lodestone doctor`: what a gig needs, in ten seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("doctor")(doctor)


def doctor(
    address: Annotated[
        list[str] | None, typer.Argument(help="Of the board; else the link is searched.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where calibration and settings lie.")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """See in ten seconds whether all is there for a gig.

    Example: lodestone doctor --json
    """
    from lodestone.doctor import BAD, examine

    worst = False
    told = []
    if not as_json:
        print(f"{'state':5} {'what':12} found, and below it what to do")
    for seen in examine(folder, tuple(address or ())):
        worst = worst or seen.state == BAD
        told.append(seen.as_dict())
        if not as_json:
            print(f"{seen.state:5} {seen.what:12} {seen.said}", flush=True)
            if seen.do:
                print(f"{'':18} {seen.do}", flush=True)
    if as_json:
        print(json.dumps(told, indent=1))
    raise typer.Exit(1 if worst else 0)
