"""`lodestone calibrate`: from an empty board and free play to a calibration file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from calibration.procedure import OpenStep, Source, Step

DEFAULT_FILE = Path("lodestone.calibration.json")


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command("calibrate")(calibrate)


def calibrate(
    bus: Annotated[
        str | None, typer.Option(help="smbus:1, serial:/dev/…, replay:FILE or sim:GESTURE.")
    ] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="Calibrate the simulated board.")] = False,
    seed: Annotated[int, typer.Option(help="Which simulated board.")] = 0,
    out: Annotated[Path, typer.Option(help="The calibration file; the one before is kept.")] = DEFAULT_FILE,
    board: Annotated[str, typer.Option(help="What this board is called.")] = "stacco",
    magnets: Annotated[str, typer.Option(help="What tonight's magnets are called.")] = "",
    play_seconds: Annotated[float, typer.Option(help="Length of the free play.", min=10.0)] = 38.0,
    yes: Annotated[bool, typer.Option("--yes", help="Do not wait for Enter.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Calibrate the board: self-check, empty board, free play; under a minute."""
    from rich.console import Console

    from calibration import CalibrationError, checksum, save
    from calibration.procedure import fit, record
    from calibration.terminal import TerminalWatcher

    if simulate == (bus is not None):
        raise CalibrationError("one of --bus and --simulate", "both" if simulate else "neither", "give one")
    open_step = _simulated(seed) if simulate else _bus(str(bus))
    console = Console(stderr=True)
    watcher = TerminalWatcher(console, ask=not (yes or simulate) and sys.stdin.isatty())
    try:
        session = record(open_step, watcher, play_seconds=play_seconds)
    except KeyboardInterrupt:
        raise CalibrationError("a calibration", "an interruption", "the old one stays in force") from None
    finally:
        watcher.close()
    result = fit(session, board=board, magnet_set=magnets)
    path = save(result, out)
    console.print(f"wrote {path}")
    if as_json:
        print(json.dumps({"file": str(path), "sha256": checksum(result), "coverage": result.play.coverage}))


def _simulated(seed: int) -> OpenStep:
    from calibration.procedure import FREE_PLAY

    def open_step(step: Step) -> AbstractContextManager[Source]:
        gesture = "free-play" if step.name == FREE_PLAY.name else "empty"
        return _open(f"sim:{gesture}?seed={seed}")

    return open_step


def _bus(spec: str) -> OpenStep:
    def open_step(_: Step) -> AbstractContextManager[Source]:
        return _open(spec)

    return open_step


def _open(spec: str) -> AbstractContextManager[Source]:
    from typing import cast

    import sensors

    return cast("AbstractContextManager[Source]", sensors.open_source(spec))
