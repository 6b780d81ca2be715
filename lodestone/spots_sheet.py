"""`lodestone calibration sheet`: what one prints for the known spots."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lodestone.options import finite


def sheet(
    out: Annotated[Path, typer.Option(help="The PDF, A4 at 1:1.")] = Path("known-spots.pdf"),
    cup: Annotated[Path, typer.Option(help="The cup to print, STL in mm.")] = Path("ball-cup.stl"),
    ball_mm: Annotated[
        float, typer.Option(callback=finite, help="Diameter of the ball.", min=3.0, max=40.0)
    ] = 15.0,
) -> None:
    """Write the sheet of known spots at 1:1, and the ball's cup.

    Example: lodestone calibration sheet
    """
    from calibration.printed import RULER_MM, write_cup, write_sheet

    write_sheet(out, ball_mm)
    write_cup(cup, ball_mm)
    typer.echo(f"wrote {out} and {cup}", err=True)
    typer.echo(f"print at 100 %, and measure both scales: they must be {RULER_MM:g} mm", err=True)
