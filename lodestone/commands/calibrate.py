"""`lodestone calibrate`: from an empty board and free play to a calibration file, a verdict and a report."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lodestone.commands.calibration import INSTRUMENT, Instrument, bring_or_keep
from lodestone.default_files import CALIBRATION
from lodestone.options import LARGEST_PORT, LARGEST_SEED, finite

if TYPE_CHECKING:
    from calibration.judging.verdict import Verdict
    from calibration.stretch import FrameLike


PACE = 1.0
"""Of a rehearsal: how many of its seconds pass in one."""


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command("calibrate")(calibrate_command)


def calibrate_command(
    board: Annotated[str | None, typer.Option(help="Over the network: address or name of the board.")] = None,
    bus: Annotated[str | None, typer.Option(help="smbus:1, serial:/dev/…, replay:FILE, sim:GESTURE.")] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="Calibrate the simulated board.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Which simulated board.")] = 0,
    out: Annotated[Path, typer.Option(help="The calibration file; the one before is kept.")] = CALIBRATION,
    report: Annotated[Path | None, typer.Option(help="Write REPORT.png and REPORT.html.")] = None,
    name: Annotated[str, typer.Option(help="What this board is called.")] = "stacco",
    magnets: Annotated[str, typer.Option(help="What tonight's magnets are called.")] = "",
    play_seconds: Annotated[
        float, typer.Option(callback=finite, help="Length of the free play.", min=10.0)
    ] = 50.0,
    spots: Annotated[bool, typer.Option("--spots", help="Also put one ball on 16 known spots.")] = False,
    one_spot: Annotated[
        bool | None,
        typer.Option("--one-spot/--no-one-spot", help="Then one ball on ring 1, or not: unasked."),
    ] = None,
    ball_mm: Annotated[
        float, typer.Option(callback=finite, help="Diameter of that ball.", min=3.0, max=40.0)
    ] = 15.0,
    warm_up: Annotated[
        float | None,
        typer.Option(callback=finite, help="First let the empty board warm, minutes.", min=0.5, max=60.0),
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(help="Leave out: self-check, empty board, free play. Repeatable.")
    ] = None,
    port: Annotated[
        int, typer.Option(min=1, max=LARGEST_PORT, help="Where the board listens, with --board.")
    ] = 7564,
    instrument: Instrument = INSTRUMENT,
    send: Annotated[bool | None, typer.Option("--send/--keep", help="To the board, without asking.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not wait for Enter.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Calibrate in two minutes; says what can be trusted tonight.

    Example: lodestone calibrate --simulate
    """
    from rich.console import Console

    from calibration import CalibrationError, checksum
    from calibration.capture import sources
    from calibration.capture.hand_clock import HandClock
    from calibration.judging.report import write_report
    from calibration.screen.terminal import TerminalWatcher, print_verdict, shim_words
    from calibration.session import calibrate, steps_by_name

    given = sum((simulate, bus is not None, board is not None))
    if given != 1:
        do = "--board 192.168.7.2 is the instrument, --simulate a rehearsal without it"
        raise CalibrationError("one of --board, --bus and --simulate", f"{given} of them", do)
    ask = not yes and sys.stdin.isatty()
    if simulate:
        open_step = sources.open_simulated(seed, ball_mm, _at_its_pace if ask else None)
    else:
        open_step = sources.open_bus(bus or sources.board_spec(str(board), port))
    console = Console(stderr=True)
    kept_because = "" if board is None or send is False else _why_kept(instrument, send)
    if kept_because:
        console.print(f"[yellow]●[/yellow] it will stay on this laptop: {kept_because}")

    def offer_spot(verdict: Verdict) -> bool:
        wanted = ask if one_spot is None else one_spot
        if wanted:
            print_verdict(console, verdict)
        return wanted

    screen = TerminalWatcher(console, ask=ask, skip=steps_by_name(skip or []), ball_mm=ball_mm)
    clock = HandClock(screen)
    try:
        made = calibrate(
            open_step,
            clock,
            out,
            board=name,
            magnets=magnets,
            play_seconds=play_seconds,
            spots=spots,
            ball_mm=ball_mm,
            warm_up_s=None if warm_up is None else 60.0 * warm_up,
            offer_spot=offer_spot,
        )
    finally:
        screen.close()
    result = made.calibration
    print_verdict(console, made.verdict)
    if result.report.get("mounting_from"):
        console.print(f"  gains, turns and heights are those of {result.report['mounting_from']}")
    shim = "" if result.carry is None else shim_words(result.carry.height_mm)
    if shim:
        console.print(f"  {shim}")
    for words in made.changed:
        console.print(f"  since the last calibration: {words}")
    if simulate:
        console.print(f"  {clock.words()}")
    written = [made.path, *(write_report(result, report) if report is not None else ())]
    console.print(f"wrote {', '.join(str(each) for each in written)}")
    if board is not None and not kept_because:
        for words in bring_or_keep(result, board, port, instrument, send=send, ask=ask):
            console.print(words)
    if as_json:
        told = {"file": str(made.path), "sha256": checksum(result)}
        print(json.dumps(told | {"verdict": made.verdict.plain(), "figures": made.figures.plain()}))


def _at_its_pace(frames: Iterable[FrameLike]) -> Iterator[FrameLike]:
    """A rehearsal takes as long as the evening will."""
    from lodestone.pacing import paced

    return paced(frames, PACE)


def _why_kept(instrument: Path, send: bool | None) -> str:
    """Why it cannot go to the board; raises it where it was told to go there."""
    from errors import LodestoneError
    from lodestone.calibration_to_board import why_not

    why = why_not(instrument)
    if why and send:
        raise LodestoneError("settings whose scenes the board plays", why, "name them with --instrument")
    return why
