"""`lodestone sensors …`: scan, check, watch, record and replay what the magnets do."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lodestone.columns import columns
from lodestone.ending import told_to_end
from lodestone.options import finite
from lodestone.pacing import first, paced

if TYPE_CHECKING:
    from sensors import Frame

_BUS_HELP = "smbus:1 | serial:/dev/ttyUSB0 | sim:GESTURE | osc:BOARD | replay:FILE"
BusOption = Annotated[str, typer.Option("--bus", help=_BUS_HELP)]
JsonOption = Annotated[bool, typer.Option("--json", help="The result as JSON on stdout.")]


def register(app: typer.Typer) -> None:
    """Adds the verbs to the command line."""
    group = typer.Typer(
        help="Scan, check, watch, record and replay the sensors.\n\n"
        "Example: lodestone sensors watch --bus sim:first-sound",
        no_args_is_help=True,
    )
    for verb in (scan, check, watch, record, replay):
        group.command()(verb)
    app.add_typer(group, name="sensors")


def scan(bus: BusOption = "smbus:1", as_json: JsonOption = False) -> None:
    """Name what answers on an I2C bus, and say what is wrong. Exits with 1 where something is.

    Example: lodestone sensors scan --bus smbus:1
    """
    from sensors.scan import scan as scan_bus
    from sensors.sources import open_bus

    with open_bus(bus) as (wires, clock):
        result = scan_bus(wires, clock)
    if as_json:
        print(json.dumps(result.info()))
    else:
        found = [(f"0x{e.address:02X}", e.chip, str(e.identity or "none")) for e in result.found]
        print(columns(("address", "chip", "serial number (TREF)"), found))
        for remark in result.remarks:
            print(remark)
    raise typer.Exit(1 if result.remarks else 0)


def check(
    bus: BusOption = "smbus:1",
    seconds: Annotated[
        float, typer.Option(callback=finite, help="How long to listen.", min=0.5, max=600)
    ] = 3.0,
    as_json: JsonOption = False,
) -> None:
    """Judge the sensors: rate, noise, clipping, temperature. Exits with 1 where one is not well.

    Example: lodestone sensors check --bus sim:first-sound
    """
    from sensors import open_source
    from sensors.check import check_frames

    with open_source(bus) as source:
        frames = list(first(source, seconds))
        report = check_frames(frames, source.info)
    if as_json:
        print(json.dumps(report.info()))
    else:
        heads = ("sensor", "x mT", "y mT", "z mT", "noise x µT", "y µT", "z µT", "°C", "health")
        rows = [
            [
                str(sensor.sensor),
                *(f"{value:+.3f}" for value in sensor.field_mt),
                *(f"{value:.1f}" for value in sensor.noise_ut),
                f"{sensor.temperature_c:.1f}",
                "; ".join(sensor.faults) or "ok",
            ]
            for sensor in report.sensors
        ]
        print(columns(heads, rows))
        print(f"{report.rate_hz:.1f} frames a second, longest gap {report.longest_gap_ms:.1f} ms")
        for remark in report.remarks:
            print(remark)
        print("ready to play" if report.ok else "not well")
    raise typer.Exit(0 if report.ok else 1)


def watch(
    bus: BusOption = "smbus:1",
    seconds: Annotated[
        float, typer.Option(callback=finite, help="Stop after so long; 0 for never.", min=0)
    ] = 0.0,
    speed: Annotated[
        float, typer.Option(callback=finite, help="Pace of a simulation or a recording; 0: none.", min=0)
    ] = 1.0,
) -> None:
    """Twelve live bars with rates and health.

    A line a second where the output is no terminal.

    Example: lodestone sensors watch --bus sim:first-sound
    """
    from rich.console import Console
    from rich.live import Live

    from sensors import open_source
    from sensors.watch import PLAIN_HEAD, WatchView, plain_line

    console = Console()
    with open_source(bus) as source, contextlib.suppress(KeyboardInterrupt):
        view = WatchView(source.info)
        frames = paced(first(source, seconds), speed if bus.startswith(("sim:", "replay:")) else 0.0)
        if not console.is_terminal:
            print(PLAIN_HEAD)
            for number, frame in enumerate(frames):
                view.add(frame)
                if number % 200 == 199:
                    print(plain_line(frame, view.rate_hz), flush=True)
            return
        console.print("Ctrl-C ends", style="dim")
        with Live(console=console, auto_refresh=False) as live:
            for number, frame in enumerate(frames):
                view.add(frame)
                if number % 8 == 0:
                    live.update(view.render(), refresh=True)


def record(
    out: Annotated[Path, typer.Argument(help="The recording to write.")],
    bus: BusOption = "smbus:1",
    seconds: Annotated[
        float, typer.Option(callback=finite, help="Stop after so long; 0: at the end or ^C.", min=0)
    ] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Write every frame to a compact, checksummed file, settings inside.

    Example: lodestone sensors record evening.lodestone --bus sim:first-sound
    """
    from sensors import open_source
    from sensors.recording import RecordingWriter

    with told_to_end() as told, open_source(bus) as source, RecordingWriter(out, source.info) as writer:
        for frame in first(source, seconds):
            writer.add(frame)
            if told():
                break
        result = {"file": str(out), "frames": writer.frames, "sha256": writer.sha256}
    if as_json:
        print(json.dumps(result))
    else:
        print(f"{result['frames']} frames in {out}, {out.stat().st_size} bytes, sha256 {result['sha256']}")


def replay(
    recording: Annotated[Path, typer.Argument(help="A file that record wrote.")],
    speed: Annotated[
        float, typer.Option(callback=finite, help="1 as played, 2 twice as fast; 0: no pause.", min=0)
    ] = 1.0,
    osc: Annotated[list[str] | None, typer.Option(help="Send /mag and /field there (HOST:PORT).")] = None,
    as_json: JsonOption = False,
) -> None:
    """Play a recording again, to OSC targets as a board would.

    Says what is in it and what is missing.

    Example: lodestone sensors replay evening.lodestone
    """
    from sensors.osc_sender import OscSender
    from sensors.recording import read_recording

    loaded = read_recording(recording)
    sender = OscSender(osc or [])
    if loaded.damage:
        print(f"{recording}: {loaded.damage}", file=sys.stderr)
    frames: Iterator[Frame] = loaded.frames()
    with contextlib.suppress(KeyboardInterrupt):
        for frame in paced(frames, speed) if osc else frames:
            sender.send(frame)
    count = len(loaded.records)
    length = float(loaded.records["time_s"][-1] - loaded.records["time_s"][0]) if count else 0.0
    result: dict[str, Any] = {
        "frames": count,
        "seconds": length,
        "sha256": loaded.sha256,
        "damage": loaded.damage,
        "source": loaded.info,
    }
    if as_json:
        print(json.dumps(result))
    else:
        print(f"{count} frames, {length:.2f} s, sha256 {loaded.sha256}")
