"""The verbs of the board and its image, from `lodestone build` to `lodestone rest`."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from errors import is_count
from lodestone.columns import columns
from lodestone.options import LARGEST_PORT, finite

if TYPE_CHECKING:
    from lodestone.board import Board
    from lodestone.board_messages import BoardKnob, Status
    from lodestone.scenes import Scene

Address = Annotated[str | None, typer.Option("--board", help="Address of the board; else the usual ones.")]
Port = Annotated[int, typer.Option(min=1, max=LARGEST_PORT, help="Where the board listens.")]
FAST_BUS_HZ = 400_000
FLAGS = ("lost", "saturated", "has reset", "frozen", "another chip", "wrapped")


def register(app: typer.Typer) -> None:
    """Adds the verbs to the command line."""
    for verb in (build, flash, logs, status, mode, scene, knob, mute, rest):
        app.command(verb.__name__)(verb)
    board = typer.Typer(
        cls=_ListByDefault,
        help="Boards on the link, and what one measures of itself.\n\nExample: lodestone board report",
    )
    board.command("list")(boards)
    board.command("report")(report)
    app.add_typer(board, name="board")


class _ListByDefault(TyperGroup):
    """`lodestone board` and `lodestone board ADDRESS` list, as `lodestone board list` does."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts the verb in where there is none."""
        if not args or args[0] not in (*self.commands, "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def build(
    settings: Annotated[Path, typer.Argument(help="The player's settings.")] = Path("instrument.toml"),
    out: Annotated[Path, typer.Option(help="The image folder to make.")] = Path("out/image"),
    init: Annotated[bool, typer.Option("--init", help="Write a commented instrument.toml instead.")] = False,
    mapping: Annotated[
        str | None, typer.Option(help="For every scene instead of its own: rotate, mine.py:swirl, …")
    ] = None,
) -> None:
    """Make the image of an instrument: plans, settings, firmware.

    Example: lodestone build --init
    """
    from files import write_text
    from lodestone.image import ImageError, build_image
    from lodestone.settings import SettingsError, default_toml, load_settings

    if init:
        if settings.exists():
            raise SettingsError("no file yet", str(settings), "edit it, or name another")
        write_text(settings, default_toml())
        print(settings)
        return
    from lodestone.fast_sensors import hint
    from lodestone.scenes import make_scene, safe_scene

    read = load_settings(settings)
    made = []
    for scene_settings in read.scenes:
        one = scene_settings if mapping is None else dataclasses.replace(scene_settings, mapping=mapping)
        _talk(f"{one.name}: {one.voice}, {one.mapping}, {one.precision}")
        plans, talk = out.parent / "plans", lambda line: _talk(f"  {line}")
        scene = make_scene(one, plans, settings.parent, talk, read.voice_threads, sizes=True)
        if scene.card.sample_rate != read.rate:
            raise ImageError(
                f"voices of {read.rate} Hz, as audio.rate says",
                f"{one.voice} of {scene.card.sample_rate} Hz",
                "set audio.rate, or take another voice",
            )
        _tell_load(scene, read.board)
        if (line := hint(read, one.voice, scene.card.hop)) is not None:
            _talk(f"  {line}")
        made.append(scene)
    safe = safe_scene(made[0], read.scenes[0], out.parent / "plans", settings.parent)
    print(build_image(out, made, read, safe))


def _talk(message: str) -> None:
    print(message, file=sys.stderr)


def _tell_load(scene: Scene, board: str) -> None:
    """What each voice of a scene will take of the board, and what to do where that is too much."""
    from firmware import Engine
    from model_export.compiler.boards import BOARDS
    from model_export.compiler.fit import COMFORTABLE, fit
    from model_export.compiler.stages import MOST_STAGES

    for number, plan in enumerate([scene.voice_plan, *scene.sister_plans]):
        stages = [plan, *scene.later_stages.get(plan, ())]
        loads = [fit(stage.read_bytes(), board, len(stages) - 1) for stage in stages]
        found = max(loads, key=lambda load: load.load.high)
        name = ("" if number == 0 else "when that is too slow, ") + json.loads(Engine.load(plan).card)["name"]
        name += f", the slowest of {len(stages)} stages" if len(stages) > 1 else ""
        load = f"{100 * found.load.low:.0f} to {100 * found.load.high:.0f} % of one core of a {board}"
        _talk(f"  {name}: {load}")
        if not found.fits:
            _talk(f"  too much ({100 * COMFORTABLE:.0f} % are comfortable); what would make it fit:")
            for what, left in found.advice:
                _talk(f"    {what}: {100 * left:.0f} %")
            if len(stages) < min(MOST_STAGES, BOARDS[board].cores):
                _talk("    more cores: voice_threads, below [audio]")


def flash(
    image: Annotated[Path, typer.Option(help="What `lodestone build` made.")] = Path("out/image"),
    host: Annotated[str | None, typer.Argument(help="Address of the board; else the usual ones.")] = None,
    rollback: Annotated[bool, typer.Option("--rollback", help="Back to the version before.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Put an image on the board; if it fails the old one plays on.

    Example: lodestone flash --dry-run
    """
    options = ["--rollback"] if rollback else ["--image", str(image)]
    _deploy([*options, *(["--dry-run"] if dry_run else []), *([host] if host else [])])


def logs(
    host: Annotated[str | None, typer.Argument(help="Address of the board; else the usual ones.")] = None,
) -> None:
    """What the board has said lately.

    Example: lodestone logs 192.168.7.2
    """
    _deploy(["--logs", *([host] if host else [])])


def _deploy(arguments: list[str]) -> None:
    from lodestone.places import place

    command = ["bash", str(place("deploy.sh")), *arguments]
    raise typer.Exit(subprocess.run(command, check=False).returncode)


def _connect(address: str | None, port: int) -> Board:
    from lodestone.board import Board

    return Board(address, port)


def _tell(status: Status) -> None:
    away = "" if status.asked == status.sounding else f" (asked: {status.asked}; the host is silent)"
    print(f"scene    {status.scene} {status.scene_name}")
    print(f"mode     {status.sounding}{away}{', muted' if status.muted else ''}")
    print(f"load     voice {status.voice_load:.0%}, touch {status.touch_load:.0%} of a core")
    for line in frame_lines(status):
        print(line)
    for number, flags in enumerate(status.sensor_flags, 1):
        words = [word for bit, word in enumerate(FLAGS) if flags >> bit & 1]
        if words:
            print(f"         sensor {number}: {', '.join(words)}")
    print(f"underruns {status.underruns} in {status.uptime_s:.0f} s, firmware {status.version}")
    print(f"delay    {status.delay_ms:.0f} ms from hand to sound, the voice {status.prefill} samples ahead")
    print(f"         {status.touch_ms:.0f} ms more for half of a small step: the touch's smoothing")
    if status.rung:
        print(f"rung     {status.rung}, {status.rung_why}")
    if status.refused:
        print(f"refused  {status.refused}, the last: {status.refusal}")
    if status.trouble:
        print(f"trouble  {status.trouble}")


def frame_lines(status: Status) -> list[str]:
    """Frames wanted and reached, how even they are, and what to do where the bus is why they are few."""
    if not status.frames_wanted:  # a board of before 0.2, or one that has only just started
        return [f"sensors  {status.frames_per_second:.1f} frames/s, {status.temperature_c:.1f} °C"]
    reached = f"{status.frames_per_second:.1f} of {status.frames_wanted} frames/s"
    ahead = ", each sensor is started as soon as it has been read" if status.frames_ahead else ""
    lines = [
        f"sensors  {reached}, {status.temperature_c:.1f} °C{ahead}",
        f"         jitter {status.frame_jitter_us} µs, skew {status.frame_skew_us} µs from the first sensor "
        f"to the last, {status.frame_software_us} µs a frame for touch and packets",
    ]
    if status.bus_hz:
        lines.append(f"         their bus runs at {status.bus_hz // 1000} kHz")
    if 0 < status.bus_hz < FAST_BUS_HZ:
        lines[-1] += (
            f", which carries no more; for {FAST_BUS_HZ // 1000} put `clock-frequency = <{FAST_BUS_HZ}>` "
            "into the bus's node of the board's device tree overlay (docs/board.md, bus speed)"
        )
    return lines


def boards(
    address: Annotated[list[str] | None, typer.Argument(help="Ask these; else the link is searched.")] = None,
    port: Port = 7564,
    seconds: Annotated[
        float, typer.Option(callback=finite, help="How long answers are waited for.", min=0.1)
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """List the boards that answer on the link.

    Example: lodestone board list 192.168.7.2
    """
    from lodestone.board import BoardError, find

    found = find(address or (), port, seconds)
    if as_json:
        print(json.dumps({where: dataclasses.asdict(status) for where, status in found.items()}, indent=1))
    elif found:
        rows = [
            (where, f"{one.scene} {one.scene_name}", one.sounding, one.version, one.trouble or "none")
            for where, one in sorted(found.items())
        ]
        print(columns(("address", "scene", "mode", "firmware", "trouble"), rows))
    if not found:
        raise BoardError("a board on the link", "no answer", "check the cable, or name its address")


def report(
    host: Annotated[str | None, typer.Argument(help="Address of the board; else the usual ones.")] = None,
    image: Annotated[Path, typer.Option(help="What was flashed; predictions are of its plans.")] = Path(
        "out/image"
    ),
    out: Annotated[Path, typer.Option(help="Folder of the report: text, PNG, JSON.")] = Path(
        "out/board-report"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="The rows as JSON on stdout.")] = False,
) -> None:
    """Measure on the board what our models predict of it, and compare.

    Example: lodestone board report
    """
    from lodestone.board_report import (
        ask_board,
        compare,
        layers,
        predictions,
        read_lines,
        table,
        write_report,
    )
    from lodestone.places import place

    text = ask_board(place("deploy.sh"), host)
    kind = "bela-gem" if "aarch64" in read_lines(text).get("machine", [""])[0] else "bela"
    predicted = predictions(image, kind)
    rows = compare(text, predicted)
    write_report(out, text, rows, layers(text, predicted))
    print(json.dumps([dataclasses.asdict(row) for row in rows], indent=1) if as_json else table(rows))
    _talk(f"in {out}: report.txt, report.png, report.json")


def status(
    board: Address = None,
    port: Port = 7564,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on stdout.")] = False,
) -> None:
    """How the board is.

    Example: lodestone status --json
    """
    with _connect(board, port) as connection:
        if not as_json:
            _tell(connection.status)
            return
        found = dataclasses.asdict(connection.status)
        found["model"] = dataclasses.asdict(connection.model) if connection.model else None
        print(json.dumps(found, indent=1))


def mode(
    mode: Annotated[str, typer.Argument(help="onboard, host or both.")],
    board: Address = None,
    port: Port = 7564,
) -> None:
    """Choose who sounds.

    Example: lodestone mode host
    """
    with _connect(board, port) as connection:
        _tell(connection.mode(mode))


def scene(
    scene: Annotated[
        str | None, typer.Argument(help="Name, or number from 0; `save`; else all are listed.")
    ] = None,
    name: Annotated[str | None, typer.Argument(help="After `save`: of the new scene.")] = None,
    settings: Annotated[Path, typer.Option(help="Where `save` writes it.")] = Path("instrument.toml"),
    morph: Annotated[
        float | None, typer.Option(min=0, max=30, help="Seconds of the way there; else as the settings say.")
    ] = None,
    board: Address = None,
    port: Port = 7564,
) -> None:
    """Go to a scene, list them, or save what plays as one.

    Example: lodestone scene water
    """
    if name is not None and scene != "save":
        raise typer.BadParameter(f"wanted `save {name}`, or one name")
    with _connect(board, port) as connection:
        if name is not None:
            from lodestone.kept_scene import keep_scene, scene_text

            plays = next((row.name for row in connection.scenes() if row.plays), "no scene")
            kept = keep_scene(settings, name, plays, connection.knobs())
            print(scene_text(kept), end="")
            print(f"written to {settings}; `lodestone build` and `lodestone flash` bring it to the board")
            return
        if scene is None:
            listed = []
            for row in connection.scenes():
                state = "plays" if row.plays else ""
                listed.append((str(row.number), row.name, state))
            print(columns(("number", "scene", "now"), listed))
            return
        _tell(connection.scene(int(scene) if is_count(scene) else scene, morph))


def knob(
    name: Annotated[str | None, typer.Argument(help="As entanglement; else all are listed.")] = None,
    value: Annotated[float | None, typer.Argument(callback=finite, help="Else it is only told.")] = None,
    board: Address = None,
    port: Port = 7564,
) -> None:
    """Turn a knob of the touch, or tell how they stand.

    Example: lodestone knob entanglement 0.7
    """
    from lodestone.board import BoardError, nearest

    with _connect(board, port) as connection:
        if name is not None and value is not None:
            _tell_knobs([connection.knob(name, value)])
            return
        knobs = connection.knobs()
        chosen = [knob for knob in knobs if name in (None, knob.name)]
        if name is not None and not chosen:
            names = [knob.name for knob in knobs]
            raise BoardError(f"one of the knobs {', '.join(names)}", repr(name), nearest(name, names))
        _tell_knobs(chosen)


def _tell_knobs(knobs: Sequence[BoardKnob]) -> None:
    heads = ("knob", "value", "unit", "least", "most", "at first")
    rows = [
        (one.name, f"{one.value:g}", one.unit, f"{one.least:g}", f"{one.most:g}", f"{one.initial:g}")
        for one in knobs
    ]
    print(columns(heads, rows))


def mute(
    off: Annotated[bool, typer.Option("--off", help="Sound again.")] = False,
    board: Address = None,
    port: Port = 7564,
) -> None:
    """Silence the board.

    Example: lodestone mute --off
    """
    with _connect(board, port) as connection:
        _tell(connection.mute(not off))


def rest(board: Address = None, port: Port = 7564) -> None:
    """Take the board as empty; take the magnets away first.

    Example: lodestone rest
    """
    with _connect(board, port) as connection:
        connection.rest()
    print("rest kept")
