"""`lodestone host`: this machine plays what the board feels."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from errors import is_count
from lodestone.default_files import GRAPHS, KEPT_IN
from lodestone.ending import ended_by_kill

if TYPE_CHECKING:
    from lodestone.hosting.desk import Desk
    from lodestone.hosting.host_player import HostPlayer
    from lodestone.hosting.midi import MidiDesk
    from lodestone.hosting.mixed_voices import HostVoice

MOST_URGENT = 0.7
"""Of one core: with heavier voices the host runs as everybody does, so that it does not take the machine."""


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("host")(host)


def host(
    voice: Annotated[
        list[str] | None, typer.Argument(help="Names, .ts or .onnx; NAME=0.5 with a level. Else the board's.")
    ] = None,
    board: Annotated[
        str | None, typer.Option("--board", help="Address of the board; else it is looked for.")
    ] = None,
    port: Annotated[int, typer.Option(help="Where the board listens.", min=1, max=65535)] = 7564,
    mode: Annotated[str, typer.Option(help="What the board is asked for: host, both or onboard.")] = "host",
    mapping: Annotated[
        str | None, typer.Option(help="A touch of our own from /field, by this mapping; else /latent.")
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="Of this board, with --mapping.")] = None,
    midi: Annotated[
        str | None, typer.Option(help="A MIDI input by part of its name; '' for the first one.")
    ] = None,
    midi_map: Annotated[Path, typer.Option(help="What its controls have learned (key l).")] = Path(
        "lodestone.midi.json"
    ),
    query: Annotated[
        int, typer.Option(help="Port of OSCQuery over HTTP, found by zeroconf; 0: none.", min=0, max=65535)
    ] = 7565,
    share: Annotated[
        bool, typer.Option("--share", help="OSCQuery answers the whole link; else this machine alone.")
    ] = False,
    device: Annotated[str | None, typer.Option(help="Output device: number or part of its name.")] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="Show the outputs, and end.")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="No sound card.")] = False,
    wav: Annotated[
        Path | None, typer.Option(help="Write the sound there; - for raw floats on stdout.")
    ] = None,
    cache: Annotated[
        Path, typer.Option(help="Where graphs that are made are kept.", show_default=KEPT_IN)
    ] = GRAPHS,
    seconds: Annotated[float, typer.Option(help="End after so long; 0: at q or Ctrl-C.", min=0)] = 0.0,
) -> None:
    """Play voices on this machine from the latents of a board.

    Example: lodestone host big.ts glass=0.4
    """
    from lodestone.board import MODES, BoardError, nearest
    from lodestone.speaker import devices

    if list_devices:
        print("\n".join(devices()))
        return
    if mode not in MODES:
        raise BoardError("onboard, host or both", repr(mode), nearest(mode, MODES))
    with contextlib.ExitStack() as stack:
        stack.enter_context(ended_by_kill())
        desk = _midi(stack, midi, midi_map)
        address, latents, plays = _meet(board, port)
        own = None if mapping is None else _own_touch(mapping, calibration)
        voices = [_load(text, cache, None if own else latents, own) for text in voice or [_shipped(plays)]]
        player = _player(stack, voices, (address, port), None if silent else device or "", wav)
        control = _control(player, desk, query, share, stack)
        if not voice:
            _follow(control, player, cache, own)
        _stay(stack, control, player, mode, address, seconds)


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _midi(stack: contextlib.ExitStack, name: str | None, path: Path) -> MidiDesk | None:
    from lodestone.hosting.midi import MidiDesk, MidiMap, open_input

    if name is None:
        return None
    desk = MidiDesk(MidiMap.load(path), told=_talk, keep=lambda learned: learned.save(path))
    stack.callback(open_input(name, desk.hear).close)
    return desk


def _meet(board: str | None, port: int) -> tuple[str, int, str]:
    """Address of the board, how many latents it sends, and the name of its voice."""
    from lodestone.board import Board, BoardError, find

    if board is None:
        found = find((), port)
        if not found:
            raise BoardError("a board on the link", "no answer", "check the cable, or name it with --board")
        board = sorted(found)[0]
        if len(found) > 1:
            _talk(f"{len(found)} boards answer ({', '.join(sorted(found))}): playing {board}")
    with Board(board, port) as connection:
        address = connection.address
        if connection.model is None:
            raise BoardError(
                "a board that plays a scene", connection.status.trouble or "none", "see `lodestone status`"
            )
        return address, connection.model.latents, connection.model.voice


def _own_touch(mapping: str, calibration: Path | None) -> Any:
    """Makes the touch graph of a voice, by its card."""
    from lodestone.default_files import CALIBRATION
    from lodestone.hosting.touch import OwnTouch

    return lambda card: OwnTouch(calibration or CALIBRATION, card, mapping)


def _load(text: str, cache: Path, latents: int | None, own: Any) -> HostVoice:
    from lodestone.hosting.mixed_voices import HostError, load_voice

    name, _, level = text.partition("=")
    try:
        made = load_voice(name, cache, float(level or 1.0))
    except ValueError:
        raise HostError("a level from 0 to 1 after =", level, "as in glass=0.5") from None
    if latents is not None and made.card.latents != latents:
        got = f"{name} of {made.card.latents}"
        do = "play a scene made for this voice, or give --mapping for a touch of our own"
        raise HostError(f"a voice of {latents} latents, as the board sends", got, do)
    if own is not None:
        made.touch = own(made.card)
    return made


def _player(
    stack: contextlib.ExitStack,
    voices: list[HostVoice],
    board: tuple[str, int],
    device: str | None,
    wav: Path | None,
) -> HostPlayer:
    from lodestone.hosting.host_player import RING_S, HostPlayer
    from lodestone.hosting.link import BoardLink
    from lodestone.hosting.mixed_voices import Mix
    from lodestone.hosting.output import writer
    from lodestone.speaker import LiveSpeaker
    from lodestone.urgent import urgent

    mix = Mix(voices)
    card = None
    if device is not None:
        chosen: Any = int(device) if is_count(device) else device or None
        # The ring plays on while a call of each voice is computed.
        with urgent():
            ring_s = RING_S + sum(voice.warm() for voice in voices)
        card = stack.enter_context(LiveSpeaker(mix.rate, 2, chosen, ring_s))
        if card.rate != mix.rate:
            _talk(f"the device plays {card.rate} Hz: {mix.rate} Hz are resampled")
    write = stack.enter_context(writer(wav, mix.rate))
    link = BoardLink(*board, lambda latent: player.heard(latent))
    stack.callback(link.close)
    player = HostPlayer(mix, link, card, write)
    return player


def _control(
    player: HostPlayer, midi: MidiDesk | None, query: int, share: bool, stack: contextlib.ExitStack
) -> Desk:
    from lodestone.hosting.desk import Desk
    from lodestone.hosting.query import THIS_MACHINE, Namespace, announced, query_server

    names = Namespace()
    if query:
        port = stack.enter_context(query_server(names, player.link.to, query, "" if share else THIS_MACHINE))
        name = stack.enter_context(announced(port, None if share else [THIS_MACHINE]))
        _talk(f"OSCQuery on http://127.0.0.1:{port}" + (f", announced as {name}" if name else ""))
    return Desk(player, _talk, midi, names)


def _follow(control: Desk, player: HostPlayer, cache: Path, own: Any) -> None:
    """Without a voice named, each scene's own is loaded when it comes."""
    from lodestone.hosting.following import Following

    control.following = Following(player.mix, lambda name: _load(_shipped(name), cache, None, own), _talk)


def _shipped(name: str) -> str:
    """The name of a voice as a board says it: one that ships, for nothing in a packet names a file.

    Raises:
        VoiceError: there is none of that name.
    """
    from voices import catalogue

    catalogue.file(name)
    return name


def _stay(
    stack: contextlib.ExitStack, control: Desk, player: HostPlayer, mode: str, address: str, seconds: float
) -> None:
    from lodestone.hosting.desk import KEYS, keyboard
    from lodestone.urgent import urgent

    link = player.link
    stack.callback(lambda: link.send("/mode", "onboard"))
    link.send("/mode", mode)
    _talk(f"Playing {', '.join(voice.name for voice in player.mix.voices)} from {address}; {KEYS}")
    keys = stack.enter_context(keyboard())
    stack.enter_context(urgent(sum(voice.busiest for voice in player.mix.voices) < MOST_URGENT))
    with contextlib.suppress(KeyboardInterrupt):
        control.run(keys, seconds)
    _talk(control.meter())
