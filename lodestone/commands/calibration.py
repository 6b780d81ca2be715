"""`lodestone calibration`: look at a calibration, compare, put in force, take back; and prove the method."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from lodestone.commands.calibrate import DEFAULT_FILE, board_spec, open_bus, open_simulated

File = Annotated[Path, typer.Argument(help="A calibration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Adds the group of verbs."""
    group = typer.Typer(help="Show, compare, apply and undo calibrations.", no_args_is_help=True)
    group.command("show")(show)
    group.command("diff")(diff)
    group.command("apply")(apply)
    group.command("undo")(undo)
    group.command("prove")(prove)
    app.add_typer(group, name="calibration")


def show(
    file: File = DEFAULT_FILE,
    report: Annotated[Path | None, typer.Option(help="Also write REPORT.png and REPORT.html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verdict, reasons and figures of a calibration."""
    from calibration import load
    from calibration.assemble import verdict_of
    from calibration.report import write_report
    from calibration.terminal import print_card

    calibration = load(file)
    if report is not None:
        for path in write_report(calibration, report):
            typer.echo(f"wrote {path}", err=True)
    judged = verdict_of(calibration)
    if as_json:
        figures, verdict = (judged[0].plain(), judged[1].plain()) if judged else (None, None)
        typer.echo(json.dumps({"file": str(file), "verdict": verdict, "figures": figures}))
        return
    print_card(calibration, judged)


def diff(
    before: File,
    after: Annotated[Path, typer.Argument(help="The later one.")] = DEFAULT_FILE,
    as_json: AsJson = False,
) -> None:
    """What changed between two calibrations, in words where it matters."""
    from dataclasses import asdict

    from calibration import load
    from calibration.guard import differences
    from calibration.terminal import print_differences

    lines = differences(load(before), load(after))
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in lines]))
        return
    print_differences(lines)


def apply(
    file: File,
    to: Annotated[
        Path, typer.Option(help="The calibration in force; the one before is kept.")
    ] = DEFAULT_FILE,
    bus: Annotated[str | None, typer.Option(help="Check that this is the board: smbus:1, …")] = None,
    board: Annotated[str | None, typer.Option(help="Check that this is the board, over the network.")] = None,
    port: Annotated[int, typer.Option(help="Where that board listens.")] = 7564,
    simulate: Annotated[bool, typer.Option("--simulate", help="Check against the simulated board.")] = False,
    seed: Annotated[int, typer.Option(help="Which simulated board.")] = 0,
) -> None:
    """Put a calibration in force, after checking that it belongs to the board."""
    from calibration import load, save
    from calibration.guard import check_board
    from calibration.procedure import EMPTY
    from calibration.steps import identities

    calibration = load(file)
    if board is not None:
        bus = board_spec(board, port)
    if bus is not None or simulate:
        opened = open_simulated(seed)(EMPTY) if simulate else open_bus(str(bus))(EMPTY)
        with opened as source:
            check_board(calibration, identities(source.info))
    typer.echo(f"{save(calibration, to)} is in force", err=True)


def undo(file: File = DEFAULT_FILE) -> None:
    """Put the calibration before this one in force again."""
    import calibration

    typer.echo(f"{calibration.undo(file)} is the previous one again", err=True)


def prove(
    boards: Annotated[int, typer.Option(help="How many imperfect boards.", min=2)] = 200,
    as_json: AsJson = False,
) -> None:
    """Calibrate hundreds of imperfect simulated boards and compare their touch; some minutes."""
    from calibration.proof import prove as run

    result = run(boards, lambda done: typer.echo(f"\r{done}/{boards} boards", err=True, nl=False))
    typer.echo("", err=True)
    if as_json:
        typer.echo(json.dumps(result.plain()))
        return
    typer.echo("\n".join(result.lines()))
