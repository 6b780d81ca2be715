"""`lodestone calibration`: show, compare, put in force, take back; watch the board."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lodestone.columns import columns
from lodestone.default_files import CALIBRATION
from lodestone.options import LARGEST_PORT, LARGEST_SEED, finite
from lodestone.spots_sheet import sheet

if TYPE_CHECKING:
    from calibration import Calibration

File = Annotated[Path, typer.Argument(help="A calibration file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Adds the group of verbs."""
    group = typer.Typer(
        help="Show, compare, apply and undo calibrations; watch.\n\nExample: lodestone calibration show",
        no_args_is_help=True,
    )
    group.command("show")(show)
    group.command("diff")(diff)
    group.command("noise")(noise)
    group.command("apply")(apply)
    group.command("undo")(undo)
    group.command("redo")(redo)
    group.command("watch")(watch)
    group.command("sheet")(sheet)
    group.command("evenness")(evenness)
    group.command("temperature")(temperature)
    app.add_typer(group, name="calibration")


Host = Annotated[str | None, typer.Option("--board", help="On a playing board as well: its address.")]
Port = Annotated[int, typer.Option(min=1, max=LARGEST_PORT, help="Where that board listens.")]
Instrument = Annotated[Path, typer.Option(help="Whose scenes the board plays.")]
INSTRUMENT = Path("instrument.toml")


def show(
    file: File = CALIBRATION,
    board: Host = None,
    port: Port = 7564,
    report: Annotated[Path | None, typer.Option(help="Also write REPORT.png and REPORT.html.")] = None,
    as_json: AsJson = False,
) -> None:
    """Verdict, reasons and figures of a calibration.

    Example: lodestone calibration show
    """
    from calibration import load
    from calibration.assemble import verdict_of
    from calibration.judging.report import write_report
    from calibration.screen.terminal import print_card

    calibration = load(file)
    if report is not None:
        for path in write_report(calibration, report):
            typer.echo(f"wrote {path}", err=True)
    judged = verdict_of(calibration)
    if as_json:
        figures, verdict = (judged[0].plain(), judged[1].plain()) if judged else (None, None)
        told = {"file": str(file), "verdict": verdict, "figures": figures}
        if board is not None:
            from lodestone.calibration_to_board import scenes_in_force

            told["board"] = {name: asdict(row) for name, row in scenes_in_force(board, port).items()}
        typer.echo(json.dumps(told))
        return
    print_card(calibration, judged)
    if board is not None:
        from lodestone.calibration_to_board import board_words

        for words in board_words(board, port, file):
            typer.echo(words)


def evenness(
    file: File = CALIBRATION,
    ball_mm: Annotated[
        float, typer.Option(callback=finite, help="Diameter of the marble.", min=3.0, max=40.0)
    ] = 15.0,
    report: Annotated[Path | None, typer.Option(help="Also write the maps to this PNG.")] = None,
    as_json: AsJson = False,
) -> None:
    """Where a millimetre is worth how much: touch per millimetre.

    Example: lodestone calibration evenness --report even.png
    """
    from calibration import load
    from calibration.judging.evenness import evenness_of, picture

    maps = evenness_of(load(file), ball_mm)
    if report is not None:
        from files import write_bytes

        write_bytes(report, picture(maps))
        typer.echo(f"wrote {report}", err=True)
    if as_json:
        typer.echo(json.dumps([one.plain() for one in maps]))
        return
    for one in maps:
        typer.echo(one.line())


def temperature(
    night: Annotated[Path, typer.Argument(help="An evening, as `lodestone sensors record` wrote it.")],
    file: File = CALIBRATION,
    as_json: AsJson = False,
) -> None:
    """Learn from a recorded evening what heat does.

    From the seconds in which the board lay empty, between the pieces.

    Example: lodestone calibration temperature evening.lodestone
    """
    from calibration import load, save
    from calibration.assemble import verdict_of, with_warmth
    from calibration.capture.guard import check_board
    from calibration.capture.steps import identities
    from calibration.fitting.night import fit_night, night_of
    from calibration.stretch import Recording
    from sensors.recording import RECORD, read_recording

    calibration, log = load(file), read_recording(night)
    if log.damage is not None:
        typer.echo(f"{night}: {log.damage}", err=True)
    check_board(calibration, identities(log.info))
    parts = {name: log.records[name] for name in RECORD.names or () if name not in ("sequence", "counts")}
    rest, empty = fit_night(night_of(Recording(**parts), calibration.rest), calibration.rest)
    warm = with_warmth(calibration, rest)
    path, judged, warmth = save(warm, file), verdict_of(warm), rest.warmth
    assert warmth is not None
    heat = None if judged is None else judged[0].heat
    if as_json:
        sensitivity, lag = warmth.sensitivity_per_k.tolist(), warmth.lag_s.tolist()
        told = {"file": str(path), "empty_s": int(empty.sum()), "warmed_k": warmth.warmed_k, "heat": heat}
        typer.echo(json.dumps({**told, "sensitivity_per_k": sensitivity, "lag_s": lag}))
        return
    typer.echo(f"{int(empty.sum())} s of the empty board over {warmth.warmed_k:.1f} °C")
    each = enumerate(zip(warmth.sensitivity_per_k, warmth.lag_s, strict=True), 1)
    rows = [(str(sensor), f"{100 * part:+.2f}", f"{lag:.0f}") for sensor, (part, lag) in each]
    typer.echo(columns(("sensor", "shows more, % a °C", "its magnets follow in s"), rows))
    if heat is not None:
        typer.echo(f"15 °C may shift the rest by {100 * heat:.1f} % of the reach")
    typer.echo(
        f"{path} is in force; `lodestone calibration apply --board HOST` brings it to a board", err=True
    )


def noise(file: File = CALIBRATION, as_json: AsJson = False) -> None:
    """How soon the touch answers, and how much noise it has.

    With either smoothing of a scene.

    Example: lodestone calibration noise
    """
    from calibration import load
    from calibration.judging.answer import answer
    from calibration.strokes import for_strokes

    calibration = load(file)
    kinds = {"usual": calibration, "strokes": for_strokes(calibration)}
    told = {name: answer(played, calibration) for name, played in kinds.items()}
    if as_json:
        typer.echo(json.dumps({name: asdict(row) for name, row in told.items()}))
        return
    worst = 1e3 * float(calibration.rest.noise_mt.max())
    typer.echo(f"{calibration.frame_rate_hz:.0f} frames/s, {worst:.1f} µT of noise on the worst axis")
    rows = [(name, f"{row.lag_ms:.1f}", f"{100 * row.noise:.3f}") for name, row in told.items()]
    typer.echo(columns(("smoothing", "half of a step after ms", "noise of the touch %"), rows))


def diff(
    before: Annotated[Path | None, typer.Argument(help="The earlier one; with --board the board's.")] = None,
    after: Annotated[Path, typer.Argument(help="The later one.")] = CALIBRATION,
    board: Annotated[str | None, typer.Option(help="What the board plays against AFTER.")] = None,
    port: Port = 7564,
    as_json: AsJson = False,
) -> None:
    """What changed between two calibrations, and what that is.

    Example: lodestone calibration diff lodestone.calibration.json.1 lodestone.calibration.json
    """
    from calibration import CalibrationError, load
    from calibration.capture.guard import differences
    from calibration.screen.terminal import print_differences

    if board is not None:
        after, before = before or after, _of_the_board(board, port, before or after)
    if before is None:
        raise CalibrationError("a calibration to compare with", "none", "name a file, or --board")
    lines = differences(load(before), load(after))
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in lines]))
        return
    print_differences(lines)


def _of_the_board(host: str, port: int, file: Path) -> Path:
    """The file of the calibration that the board plays, which must be kept beside `file`."""
    from calibration import CalibrationError
    from lodestone.board import Board
    from lodestone.calibration_to_board import known_as
    from lodestone.delivery import in_force

    with Board(host, port) as board:
        told = in_force(board, max(board.status.scene, 0))
    path = known_as(told.calibration, file)
    if path is None:
        got = f"{told.calibration or 'a touch of none'} on the board"
        raise CalibrationError(f"a calibration that is kept beside {file}", got, "look on the other laptop")
    typer.echo(f"the board plays {path}", err=True)
    return path


def apply(
    file: File = CALIBRATION,
    to: Annotated[Path, typer.Option(help="The calibration in force; the one before is kept.")] = CALIBRATION,
    bus: Annotated[str | None, typer.Option(help="Check that this is the board: smbus:1, …")] = None,
    board: Annotated[str | None, typer.Option(help="Check that this is the board; send it there.")] = None,
    port: Annotated[int, typer.Option(min=1, max=LARGEST_PORT, help="Where that board listens.")] = 7564,
    simulate: Annotated[bool, typer.Option("--simulate", help="Check against the simulated board.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Which simulated board.")] = 0,
    instrument: Instrument = INSTRUMENT,
    send: Annotated[bool | None, typer.Option("--send/--keep", help="To the board, without asking.")] = None,
) -> None:
    """Put a calibration in force, here and on a board.

    It must belong to it.

    Example: lodestone calibration apply lodestone.calibration.json.1
    """
    from calibration import load, save
    from calibration.capture.guard import check_board
    from calibration.capture.procedure import EMPTY
    from calibration.capture.sources import board_spec, open_bus, open_simulated
    from calibration.capture.steps import identities

    calibration = load(file)
    if board is not None and bus is None:
        bus = board_spec(board, port)
    if bus is not None or simulate:
        opened = open_simulated(seed)(EMPTY) if simulate else open_bus(str(bus))(EMPTY)
        with opened as source:
            check_board(calibration, identities(source.info))
    typer.echo(f"{save(calibration, to)} is in force", err=True)
    if board is not None:
        told = bring_or_keep(calibration, board, port, instrument, send=send, ask=sys.stdin.isatty())
        for words in told:
            typer.echo(words, err=True)


def shall_go(send: bool | None, ask: bool) -> bool:
    """Whether a calibration goes to the board: as told, else as the player says; nobody there: no."""
    if send is not None or not ask:
        return bool(send)
    from calibration.screen.terminal import forget_keys

    forget_keys()
    try:
        return typer.confirm("shall it go to the board?", default=True, err=True)
    except typer.Abort:  # Ctrl-C, or nobody types any more
        typer.echo("", err=True)
        return False


def bring_or_keep(
    calibration: Calibration, host: str, port: int, instrument: Path, *, send: bool | None, ask: bool
) -> Iterator[str]:
    """Sends it where it shall go, and tells in words what happened.

    Raises:
        LodestoneError: as `lodestone.calibration_to_board.bring`.
    """
    if shall_go(send, ask):
        from lodestone.calibration_to_board import bring

        yield from bring(calibration, host, port, instrument)
    else:
        yield f"the board plays on as before; `lodestone calibration apply --board {host} --send` brings it"


def undo(
    file: File = CALIBRATION, board: Host = None, port: Port = 7564, instrument: Instrument = INSTRUMENT
) -> None:
    """Put the one before in force again, here and on a board.

    Example: lodestone calibration undo --board 192.168.7.2
    """
    from calibration.file import before, undo

    if board is not None:
        _board_too(lambda: before(file), board, port, instrument, -1)
    typer.echo(f"{undo(file)} is the previous one again", err=True)


def redo(
    file: File = CALIBRATION, board: Host = None, port: Port = 7564, instrument: Instrument = INSTRUMENT
) -> None:
    """Take an undo back, here and on a board.

    Example: lodestone calibration redo
    """
    from calibration.file import after, redo

    if board is not None:
        _board_too(lambda: after(file), board, port, instrument, 1)
    typer.echo(f"{redo(file)} is the later one again", err=True)


def _board_too(wanted: Callable[[], Calibration], board: str, port: int, instrument: Path, way: int) -> None:
    """The board plays what will be in force here; without the settings of its scenes it takes one step."""
    from lodestone.calibration_to_board import bring, turn_board

    there = bring(wanted(), board, port, instrument) if instrument.exists() else turn_board(board, port, way)
    for told in there:
        typer.echo(told, err=True)


def watch(
    file: Annotated[Path | None, typer.Argument(help="The calibration; by default the one in force.")] = None,
    board: Annotated[str | None, typer.Option(help="Over the network: address or name of the board.")] = None,
    bus: Annotated[str | None, typer.Option(help="smbus:1, serial:/dev/…, replay:FILE, sim:GESTURE.")] = None,
    simulate: Annotated[bool, typer.Option("--simulate", help="Free play on the simulated board.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Which simulated board.")] = 0,
    port: Annotated[
        int, typer.Option(min=1, max=LARGEST_PORT, help="Where the board listens, with --board.")
    ] = 7564,
    seconds: Annotated[
        float, typer.Option(callback=finite, help="Stop after so long; 0 for never.", min=0)
    ] = 0.0,
    speed: Annotated[
        float, typer.Option(callback=finite, help="Pace of a simulation or a recording; 0: none.", min=0)
    ] = 1.0,
) -> None:
    """Live: touch against its reach, field, where the magnets are.

    With or without a calibration.

    Example: lodestone calibration watch --simulate
    """
    from rich.console import Console

    from calibration.screen.watching import watch_frames
    from lodestone.pacing import first, paced
    from sensors import open_source

    spec = _spec(board, bus, f"sim:free-play?seed={seed}" if simulate else None, port)
    with open_source(spec) as source, contextlib.suppress(KeyboardInterrupt):
        chosen = _calibration_of(file, source.info)
        pace = speed if spec.startswith(("sim:", "replay:")) else 0.0
        watch_frames(Console(), paced(first(source, seconds), pace), chosen)


def _spec(board: str | None, bus: str | None, simulated: str | None, port: int) -> str:
    """The one source that was given. Raises CalibrationError where it is not one."""
    from calibration import CalibrationError
    from calibration.capture.sources import board_spec

    given = [each for each in (board, bus, simulated) if each is not None]
    if len(given) != 1:
        raise CalibrationError("one of --board, --bus and --simulate", f"{len(given)} of them", "give one")
    return board_spec(board, port) if board is not None else given[0]


def _calibration_of(file: Path | None, info: dict[str, Any]) -> Calibration | None:
    """The one named, which must be of this board; else the one in force, if it is; says why it is not."""
    from calibration import CalibrationError, load
    from calibration.capture.guard import check_board
    from calibration.capture.steps import identities

    if file is None and not CALIBRATION.exists():
        return None
    try:
        calibration = load(file or CALIBRATION)
        check_board(calibration, identities(info))
    except CalibrationError as error:
        if file is not None:
            raise
        typer.echo(f"without a calibration: {error}", err=True)
        return None
    return calibration
