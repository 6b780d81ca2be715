"""`lodestone live`: a simulated board with the real firmware that stays alive until Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errors import is_count
from lodestone.ending import ended_by_kill
from lodestone.options import finite

if TYPE_CHECKING:
    from lodestone.live.instrument import LiveInstrument
    from lodestone.speaker import LiveSpeaker
    from sensors.simulation.live_world import LiveWorld


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("live")(live)


def live(
    settings: Annotated[Path | None, typer.Argument(help="An instrument.toml; else --voice says it.")] = None,
    voice: Annotated[list[str] | None, typer.Option(help="A scene for each: name, .ts, .onnx.")] = None,
    mapping: Annotated[str, typer.Option(help="The entanglement mapping, with --voice.")] = "rotate",
    hands: Annotated[
        str, typer.Option(help="improvise, outside (/sim/magnet), midi, midi:INPUT, a gesture, a recording.")
    ] = "improvise",
    out: Annotated[Path, typer.Option(help="Folder for plans and image.")] = Path("out/live"),
    port: Annotated[int, typer.Option(help="Where the board listens.", min=1, max=65535)] = 7564,
    target: Annotated[str, typer.Option(help="Whom it sends to.")] = "127.0.0.1:7563",
    device: Annotated[str | None, typer.Option(help="Output device: number or part of its name.")] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="Show the outputs, and end.")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="No sound card.")] = False,
    wav: Annotated[Path | None, typer.Option(help="Write the sound there as well.")] = None,
    seconds: Annotated[
        float, typer.Option(callback=finite, help="End after so long; 0: at Ctrl-C.", min=0)
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Of the simulated board and hand.", min=0)] = 1,
) -> None:
    """Play a simulated board live: real OSC, real sound.

    Example: lodestone live --voice glass --silent
    """
    from lodestone.live.instrument import LiveInstrument, require_free
    from lodestone.live.prepare import image_of, leave_settings, scenes_of, simulated_calibration, world_of
    from lodestone.settings import Settings, load_settings
    from lodestone.speaker import devices
    from lodestone.voice_files import find_voice
    from sensors.osc_sender import osc_target

    if list_devices:
        print("\n".join(devices()))
        return
    # Whatever can be wrong is looked at before anything that takes long.
    require_free(port)
    where = osc_target(target)
    world = world_of("outside" if hands.split(":")[0] == "midi" else hands, seed)
    voices = voice or ["glass", "water"]
    for name in [] if settings else voices:
        find_voice(name)
    read = load_settings(settings) if settings else Settings()
    with contextlib.ExitStack() as stack:
        stack.enter_context(ended_by_kill())
        if hands.split(":")[0] == "midi":
            world = _by_midi(stack, hands.partition(":")[2])
        speaker = None if silent else stack.enter_context(_speaker(read.rate, device))
        if not settings:
            scenes = scenes_of(voices, mapping, simulated_calibration(out, seed, _talk))
            read = Settings(scenes=scenes)
        image = image_of(read, out, port, where, _talk)
        if not settings:
            leave_settings(out, scenes)
        instrument = LiveInstrument(image, read.rate, world, port=port, speaker=speaker, wav=wav, seed=seed)
        stack.enter_context(instrument)
        _talk(f"Alive: OSC to {target}, commands on port {port}; Ctrl-C ends it")
        with contextlib.suppress(KeyboardInterrupt):
            _stay(instrument, seconds, speaker)
        _tell(instrument, port, speaker)


def _by_midi(stack: contextlib.ExitStack, name: str) -> LiveWorld:
    """Marbles that a controller moves; its controls are given out as they are turned."""
    from lodestone.hosting.midi import open_input
    from sensors.simulation.hands import ControllerHand
    from sensors.simulation.live_world import LiveWorld, three_marbles

    hand = ControllerHand(told=_talk)
    stack.callback(open_input(name, hand.hear).close)
    return LiveWorld(three_marbles(), hand=hand)


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _speaker(rate: int, device: str | None) -> LiveSpeaker:
    from lodestone.speaker import LiveSpeaker

    return LiveSpeaker(rate, 2, int(device) if device and is_count(device) else device)


def _stay(instrument: LiveInstrument, seconds: float, speaker: LiveSpeaker | None) -> None:
    """Until Ctrl-C, or for so long; tells drop-outs as they come."""
    began, told = time.monotonic(), 0
    while not seconds or time.monotonic() - began < seconds:
        left = 1.0 if not seconds else min(1.0, max(seconds - (time.monotonic() - began), 0.0))
        instrument.wait(left)
        if speaker is not None and speaker.drop_outs != told:
            told = speaker.drop_outs
            _talk(f"{told} drop-outs of the sound card: give it more time with a lighter voice")


def _tell(instrument: LiveInstrument, port: int, speaker: LiveSpeaker | None) -> None:
    from lodestone.board import Board
    from lodestone.live.load import shares

    world, board = shares(instrument)
    with Board("127.0.0.1", port) as connection:
        status = connection.status
    late = "" if speaker is None or not speaker.device_late else f", {speaker.device_late} of the system"
    card = "no card" if speaker is None else f"{speaker.drop_outs} drop-outs of the card{late}"
    rate = f"{status.frames_per_second:.1f} frames/s"
    _talk(f"{status.uptime_s:.0f} s, {rate}, {status.underruns} underruns, {card}")
    voice, beside = status.voice_load, max(board - status.voice_load, 0.0)
    _talk(f"load of one core: voice {voice:.0%}, firmware beside it {beside:.0%}, world {world:.0%}")
