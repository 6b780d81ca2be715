"""`lodestone play`: the whole instrument, simulated, into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lodestone.options import LARGEST_SEED, finite


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("play")(play)


def play(
    out: Annotated[Path, typer.Option(help="Folder for sound, picture and log.")] = Path("out"),
    voice: Annotated[str, typer.Option(help="A shipped voice's name, or a .ts or .onnx file.")] = "glass",
    calibration: Annotated[
        Path | None, typer.Option(help="A calibration; without one the simulated board is calibrated first.")
    ] = None,
    mapping: Annotated[str, typer.Option(help="The entanglement mapping.")] = "rotate",
    gesture: Annotated[
        str, typer.Option(help="A built-in gesture's name or a gesture file.")
    ] = "first-sound",
    seconds: Annotated[
        float, typer.Option(callback=finite, min=4.0, max=3600.0, help="Length of the performance.")
    ] = 24.0,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Of the simulated board: noise and tolerances.")
    ] = 1,
    host_voice: Annotated[str, typer.Option(help="What the host plays meanwhile; else the same voice.")] = "",
    live: Annotated[bool, typer.Option("--live", help="Hear it while it is played.")] = False,
    jumps: Annotated[
        int, typer.Option(min=0, max=1000, help="Also let a magnet jump so often: how late it is heard.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as JSON on stdout.")] = False,
) -> None:
    """Play the simulated instrument, to sound and picture.

    Example: lodestone play --voice water --gesture free-play --seconds 20
    """
    from lodestone.perform import Performance, perform

    wanted = Performance(
        out=out,
        voice=voice,
        calibration=calibration,
        mapping=mapping,
        gesture=gesture,
        seconds=seconds,
        seed=seed,
        live=live,
        jumps=jumps,
        host_voice=host_voice,
    )
    summary = perform(wanted)
    typer.echo(summary.as_json() if as_json else summary.in_words())
