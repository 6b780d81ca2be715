"""`lodestone distil`: a voice that a board carries, taught by one that it does not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from lodestone.options import finite


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("distil")(distil)


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def distil(
    model: Annotated[
        str, typer.Argument(help="The teacher: any RAVE .ts, a voice's .onnx, or one that ships.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The student to write (.onnx).")],
    target: Annotated[str, typer.Option(help="bela-mini, bela or bela-gem: as wide as it carries.")] = "bela",
    delay: Annotated[str | None, typer.Option(help="10ms, 25ms or 80ms; else by the teacher's hop.")] = None,
    corpus: Annotated[Path | None, typer.Option(help="Recordings to send through its encoder.")] = None,
    take: Annotated[
        list[Path] | None, typer.Option(help="A performance of its latents; may be repeated.")
    ] = None,
    hours: Annotated[float, typer.Option(callback=finite, help="Of processor time.", min=0.001)] = 1.0,
    capacity: Annotated[int | None, typer.Option(help="Channels of its last stage, not the widest.")] = None,
    licence: Annotated[str, typer.Option(help="Of the teacher, in a line: goes into the card.")] = "",
    run: Annotated[Path | None, typer.Option(help="Folder of the training; else beside the student.")] = None,
    random_start: Annotated[bool, typer.Option("--random-start", help="No narrower copy to begin.")] = False,
    judge_from: Annotated[float, typer.Option(help="A judge joins after this part; 1: none.")] = 1.0,
    json: Annotated[bool, typer.Option("--json", help="Print the fidelity as JSON.")] = False,
) -> None:
    """Teach a voice that fits a board what a larger one plays.

    Example: lodestone distil big.ts --target bela-mini -o small.onnx
    """
    from files import apart
    from lodestone.distilling import Request, distilled, told

    apart(output, model, *(take or ()))
    wanted = Request(
        model, output, target, delay, corpus, tuple(take or ()), hours, capacity, licence, run,
        not random_start, judge_from,
    )  # fmt: skip
    found = distilled(wanted, _talk)
    if json:
        import json as form

        print(form.dumps(found))
    else:
        print("\n".join(told(found)))
