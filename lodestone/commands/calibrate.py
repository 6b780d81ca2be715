"""`lodestone calibrate`: from an empty board and free play to a calibration file, a verdict and a report."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from calibration import Calibration
    from calibration.capture.steps import OpenStep, Source, Step

DEFAULT_FILE = Path("lodestone.calibration.json")
# Of a ball that rests on the simulated board while a known spot is read.
SPOT_GESTURE = """format = "lodestone-gesture"
version = 1
title = "Known spot"
duration_s = 2.0
[[object]]
kind = "ball"
diameter_mm = {diameter}
pole = "{pole}"
at = [{x}, {y}, 0.0]
"""


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command("calibrate")(calibrate)


def calibrate(
    board: Annotated[str | None, typer.Option(help="Over the network: address or name of the board.")] = None,
    bus: Annotated[str | None, typer.Option(help="smbus:1, serial:/dev/…, replay:FILE, sim:GESTURE.")] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="Calibrate the simulated board.")] = False,
    seed: Annotated[int, typer.Option(help="Which simulated board.")] = 0,
    out: Annotated[Path, typer.Option(help="The calibration file; the one before is kept.")] = DEFAULT_FILE,
    report: Annotated[Path | None, typer.Option(help="Write REPORT.png and REPORT.html.")] = None,
    name: Annotated[str, typer.Option(help="What this board is called.")] = "stacco",
    magnets: Annotated[str, typer.Option(help="What tonight's magnets are called.")] = "",
    play_seconds: Annotated[float, typer.Option(help="Length of the free play.", min=10.0)] = 50.0,
    spots: Annotated[bool, typer.Option("--spots", help="Also put one ball on 16 known spots.")] = False,
    ball_mm: Annotated[float, typer.Option(help="Diameter of that ball.", min=3.0, max=40.0)] = 15.0,
    skip: Annotated[
        list[str] | None, typer.Option(help="Leave out: self-check, empty board, free play. Repeatable.")
    ] = None,
    port: Annotated[int, typer.Option(help="Where the board listens, with --board.")] = 7564,
    yes: Annotated[bool, typer.Option("--yes", help="Do not wait for Enter.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Calibrate the board in under two minutes; says whether it can be trusted tonight."""
    from rich.console import Console

    from calibration import CalibrationError, checksum, save
    from calibration.assemble import fit, verdict_of
    from calibration.capture.procedure import record
    from calibration.judging.report import write_report
    from calibration.screen.terminal import TerminalWatcher, print_verdict, shim_words

    given = sum((simulate, bus is not None, board is not None))
    if given != 1:
        raise CalibrationError("one of --board, --bus and --simulate", f"{given} of them", "give one")
    open_step = open_simulated(seed, ball_mm) if simulate else open_bus(bus or board_spec(str(board), port))
    left_out = _left_out(skip or [])
    last = _last(out)
    console = Console(stderr=True)
    ask = not (yes or simulate) and sys.stdin.isatty()
    watcher = TerminalWatcher(console, ask=ask, skip=left_out, ball_mm=ball_mm)
    ball = ball_mm if spots else None
    try:
        session = record(open_step, watcher, play_seconds=play_seconds, ball_mm=ball, last=last)
        result = fit(session, board=name, magnet_set=magnets, last=last, ball_mm=ball_mm)
    except KeyboardInterrupt:
        raise CalibrationError("a calibration", "an interruption", "the old one stays in force") from None
    finally:
        watcher.close()
    changed = _since_last(result, out)
    path = save(result, out)
    judged = verdict_of(result)
    assert judged is not None
    print_verdict(console, judged[1])
    if result.report.get("mounting_from"):
        console.print(f"  gains, turns and heights are those of {result.report['mounting_from']}")
    shim = "" if result.carry is None else shim_words(result.carry.height_mm)
    if shim:
        console.print(f"  {shim}")
    for words in changed:
        console.print(f"  since the last calibration: {words}")
    written = [path, *(write_report(result, report) if report is not None else ())]
    console.print(f"wrote {', '.join(str(each) for each in written)}")
    if as_json:
        verdict = judged[1].plain()
        print(
            json.dumps(
                {
                    "file": str(path),
                    "sha256": checksum(result),
                    "verdict": verdict,
                    "figures": judged[0].plain(),
                }
            )
        )


def _left_out(names: list[str]) -> frozenset[str]:
    """Steps by name. Raises CalibrationError for one that there is not."""
    from calibration import CalibrationError
    from calibration.capture.procedure import EMPTY, FREE_PLAY, SELF_CHECK

    steps = [step.name for step in (SELF_CHECK, EMPTY, FREE_PLAY)]
    for name in names:
        if name not in steps:
            raise CalibrationError(f"a step to skip ({', '.join(steps)})", repr(name), "name one of them")
    return frozenset(names)


def _last(out: Path) -> Calibration | None:
    """The calibration in force, as far as it can be used: it stands in for what is skipped."""
    from calibration import CalibrationError, load

    try:
        return load(out)
    except CalibrationError:
        return None


def board_spec(host: str, port: int) -> str:
    """The source of a board on the network. Raises CalibrationError where its name leads nowhere."""
    import socket

    from calibration import CalibrationError

    try:
        address = socket.gethostbyname(host)
    except OSError:
        do = "check the cable, or give its address: 192.168.7.2 over USB"
        raise CalibrationError(f"a board called {host}", "a name that nobody answers to", do) from None
    return f"osc:{address}?measure=1&board_port={port}"


def _since_last(result: Calibration, out: Path) -> list[str]:
    """In words, what differs from the calibration that this one replaces."""
    from calibration import CalibrationError, load
    from calibration.capture.guard import differences

    if not out.exists():
        return []
    try:
        return [line.words for line in differences(load(out), result) if line.words]
    except CalibrationError as error:
        return [str(error)]


def open_simulated(seed: int, ball_mm: float = 15.0) -> OpenStep:
    """The simulated board: empty, played, or with the ball on a spot, as the step asks."""
    from calibration.capture.procedure import FREE_PLAY

    def open_step(step: Step) -> AbstractContextManager[Source]:
        if step.place_mm is not None:
            return _spot(step, seed, ball_mm)
        gesture = "free-play" if step.name == FREE_PLAY.name else "empty"
        return _open(f"sim:{gesture}?seed={seed}")

    return open_step


def _spot(step: Step, seed: int, ball_mm: float) -> AbstractContextManager[Source]:
    import tempfile

    assert step.place_mm is not None
    x, y = step.place_mm
    text = SPOT_GESTURE.format(diameter=ball_mm, pole="up" if step.mark_up else "down", x=x, y=y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spot.toml"
        path.write_text(text, encoding="utf-8")
        return _open(f"sim:{path}?seed={seed}")


def open_bus(spec: str) -> OpenStep:
    """The same source for every step."""
    return lambda _: _open(spec)


def _open(spec: str) -> AbstractContextManager[Source]:
    from typing import cast

    import sensors

    return cast("AbstractContextManager[Source]", sensors.open_source(spec))
