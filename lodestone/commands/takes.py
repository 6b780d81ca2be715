"""`lodestone record` and `lodestone render`: a live performance kept, and made to sound again."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lodestone.ending import told_to_end
from lodestone.options import LARGEST_PORT, LARGEST_SEED, finite

if TYPE_CHECKING:
    from lodestone.takes.take_file import Take


def register(app: typer.Typer) -> None:
    """Adds the verbs to the command line."""
    app.command("record")(record)
    app.command("render")(render)


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def record(
    file: Annotated[Path, typer.Argument(help="The take to write, as evening.take.")],
    board: Annotated[str | None, typer.Option("--board", help="Its address; else the usual ones.")] = None,
    port: Annotated[int, typer.Option(help="Where the board listens.", min=1, max=LARGEST_PORT)] = 7564,
    seconds: Annotated[
        float, typer.Option(callback=finite, help="End after so long; 0: at Ctrl-C.", min=0)
    ] = 0.0,
) -> None:
    """Keep a live performance until Ctrl-C.

    Example: lodestone record evening.take
    """
    import time

    from lodestone.board import Board
    from lodestone.takes.capture import Capture
    from lodestone.takes.take_file import TakeError, TakeWriter
    from sensors.buses.osc_link import UdpLink

    with Board(board, port) as connection:
        address, status, model = connection.address, connection.status, connection.model
    voice = "" if model is None else model.voice
    info: dict[str, Any] = {"board": address, "firmware": status.version}
    info |= {"scene": status.scene_name, "voice": voice}
    link = UdpLink(address, 0, port)
    with told_to_end() as told, contextlib.closing(link), TakeWriter(file, info) as writer:
        capture = Capture(link, writer)
        _talk(f"Recording {address} into {file}; Ctrl-C ends it")
        until = time.monotonic() + seconds if seconds else float("inf")
        while time.monotonic() < until and not told():
            capture.step()
        lasted = capture.seconds
    if not capture.count:
        raise TakeError(f"a board at {address} that plays", "not a word from it", "see `lodestone status`")
    frames = capture.count.get("/frame", 0)
    kept = f"{frames} frames, {capture.count.get('/latent', 0)} vectors of latents"
    _talk(f"{lasted:.1f} s: {kept}, {capture.count.get('/knobs', 0)} knobs told")
    print(file)


def render(
    take: Annotated[Path, typer.Argument(help="What `lodestone record` wrote.")],
    out: Annotated[Path | None, typer.Option("-o", "--out", help="The WAV; else beside the take.")] = None,
    voice: Annotated[
        str | None, typer.Option(help="Another voice: name, .ts, .onnx; else those that were played.")
    ] = None,
    mapping: Annotated[str | None, typer.Option(help="From the field, by this mapping.")] = None,
    settings: Annotated[
        Path | None, typer.Option(help="From the field, with the scenes of an instrument.toml.")
    ] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="With --mapping: of the board that was recorded.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="For plans, logs and pictures.")] = Path("out/render"),
    page_plans: Annotated[
        Path, typer.Option(help="Plans of the page, for a take that it kept: made where they are missing.")
    ] = Path("out/page-work/plans"),
    seed: Annotated[int, typer.Option(help="Of the mapping.", min=0, max=LARGEST_SEED)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="What came of it as JSON on stdout.")] = False,
) -> None:
    """Make a take sound again offline, by any voice or mapping.

    Example: lodestone render evening.take --voice water
    """
    from files import apart
    from lodestone.takes.take_file import TakeError, read_take

    if mapping is not None and settings is not None:
        raise TakeError("one of --mapping and --settings", "both", "give one")
    to = out or take.with_suffix(".wav")
    apart(to, take)
    read = read_take(take)
    if read.damage:
        _talk(f"{take}: {read.damage}")
    if mapping is None and settings is None:
        came = None if voice else _as_the_page_played(read, to, page_plans)
        _tell(came or _as_heard(read, to, voice, folder), as_json)
        return
    _tell(_from_field(read, to, voice, mapping, settings, calibration, folder, seed), as_json)


def _tell(came: dict[str, Any], as_json: bool) -> None:
    import json

    if as_json:
        print(json.dumps(came, indent=1))
        return
    speed = came["seconds"] / max(came["wall_seconds"], 1e-9)
    lasted = f"{came['seconds']:.1f} s in {came['wall_seconds']:.1f} s"
    _talk(f"{lasted}, {speed:.0f} times real time; {came['how']}")
    print(came["sound"])


def _as_the_page_played(take: Take, to: Path, plans: Path) -> dict[str, Any] | None:
    """The very samples of a page, where its take holds all inputs and this is the page's version."""
    import time

    import soundfile

    from files import fresh_file
    from lodestone.page.site import make_scenes
    from lodestone.takes.page_sound import page_blocks, page_setup, plans_of

    if (setup := page_setup(take)) is None:
        return None
    found = plans_of(setup, plans)
    if found is None:
        _talk("Making the page's scenes, once")
        make_scenes(plans.parent, _talk)
        found = plans_of(setup, plans)
    if found is None:
        _talk("The page that kept this take is of another version: its latents are played instead")
        return None
    began = time.monotonic()
    with (
        fresh_file(to) as fresh,
        soundfile.SoundFile(fresh, "w", setup.rate, 2, "FLOAT", format="WAV") as file,
    ):
        for block in page_blocks(take, setup, found):
            file.write(block)
    wall = time.monotonic() - began
    how = "to the bit what the page played"
    return {"seconds": setup.frames / setup.rate, "wall_seconds": wall, "how": how, "sound": str(to)}


def _as_heard(take: Take, to: Path, voice: str | None, folder: Path) -> dict[str, Any]:
    """The latents of the take through a voice, or through those that were played."""
    import time

    import soundfile

    from files import fresh_file
    from lodestone.hosting.mixed_voices import load_voice
    from lodestone.takes.heard import Heard, voices_of
    from lodestone.takes.take_file import TakeError

    played = voices_of(take)
    if voice is None and not played:
        raise TakeError("a take that names its voice", "none", "name one with --voice")
    cache = folder / "voices"
    voices = {"": load_voice(voice, cache)} if voice else {name: load_voice(name, cache) for name in played}
    heard = Heard(take, voices)
    began = time.monotonic()
    with (
        fresh_file(to) as fresh,
        soundfile.SoundFile(fresh, "w", heard.mix.rate, 2, "FLOAT", format="WAV") as file,
    ):
        for block in heard.blocks():
            file.write(block)
    how = f"{heard.taken} vectors of latents"
    how += f", {heard.left} of another voice left out" if heard.left else ""
    wall = time.monotonic() - began
    return {"seconds": heard.seconds, "wall_seconds": wall, "how": how, "sound": str(to)}


def _from_field(
    take: Take,
    to: Path,
    voice: str | None,
    mapping: str | None,
    settings: Path | None,
    calibration: Path | None,
    folder: Path,
    seed: int,
) -> dict[str, Any]:
    """The field of the take through the real firmware: its own touch, scenes and crossfades."""
    from files import write_bytes
    from lodestone.default_files import CALIBRATION
    from lodestone.takes.from_field import perform_take, scenes_for
    from lodestone.takes.heard import voices_of

    named = voice or next(iter(voices_of(take)), "glass")
    calibrated = (calibration or CALIBRATION).absolute()
    scenes, beside = scenes_for(settings, named, mapping or "rotate", calibrated, seed)
    summary = perform_take(take, scenes, beside, folder)
    write_bytes(to, summary.files["sound"].read_bytes())
    how = f"{summary.frames_per_second:.0f} frames a second, {summary.underruns} underruns"
    return {
        "seconds": summary.seconds,
        "wall_seconds": summary.wall_seconds,
        "how": how,
        "sound": str(to),
        "logs": str(summary.files["osc log"]),
    }
