"""`lodestone host`: this machine plays what the board feels."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from lodestone.hosting.player import HostPlayer
    from lodestone.hosting.voices import HostVoice

KEYS = "o onboard, h host, b both; m mute; 0-9 scene; + - level; q end"


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
    device: Annotated[str | None, typer.Option(help="Output device: number or part of its name.")] = None,
    list_devices: Annotated[bool, typer.Option("--list-devices", help="Show the outputs, and end.")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="No sound card.")] = False,
    wav: Annotated[
        Path | None, typer.Option(help="Write the sound there; - for raw floats on stdout.")
    ] = None,
    cache: Annotated[Path, typer.Option(help="Where graphs that are made are kept.")] = Path("out/voices"),
    seconds: Annotated[float, typer.Option(help="End after so long; 0: at q or Ctrl-C.", min=0)] = 0.0,
) -> None:
    """Play voices on this machine from the latents of a board."""
    from lodestone.board import MODES, BoardError, nearest
    from lodestone.speaker import devices

    if list_devices:
        print("\n".join(devices()))
        return
    if mode not in MODES:
        raise BoardError("onboard, host or both", repr(mode), nearest(mode, MODES))
    address, latents, plays = _meet(board, port)
    voices = [_load(text, cache, latents) for text in voice or [plays]]
    _play(voices, (address, port), mode, None if silent else device or "", wav, seconds)


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _meet(board: str | None, port: int) -> tuple[str, int, str]:
    """Address of the board, how many latents it sends, and the name of its voice."""
    from lodestone.board import Board, BoardError, find

    if board is None:
        found = find((), port)
        if not found:
            raise BoardError("a board on the link", "no answer", "check the cable, or name it with --board")
        board = sorted(found)[0]
    with Board(board, port) as connection:
        address = connection.address
        if connection.model is None:
            raise BoardError(
                "a board that plays a scene", connection.status.trouble or "none", "see `lodestone status`"
            )
        return address, connection.model.latents, connection.model.voice


def _load(text: str, cache: Path, latents: int) -> HostVoice:
    from lodestone.hosting.voices import HostError, load_voice

    name, _, level = text.partition("=")
    try:
        made = load_voice(name, cache, float(level or 1.0))
    except ValueError:
        raise HostError("a level from 0 to 1 after =", level, "as in glass=0.5") from None
    if made.card.latents != latents:
        got = f"{name} of {made.card.latents}"
        raise HostError(
            f"a voice of {latents} latents, as the board sends", got, "play a scene made for this voice"
        )
    return made


def _play(
    voices: list[HostVoice],
    board: tuple[str, int],
    mode: str,
    device: str | None,
    wav: Path | None,
    seconds: float,
) -> None:
    from lodestone.hosting.link import BoardLink
    from lodestone.hosting.player import RING_S, HostPlayer
    from lodestone.hosting.voices import Mix
    from lodestone.speaker import LiveSpeaker

    mix = Mix(voices)
    with contextlib.ExitStack() as stack:
        card = None
        if device is not None:
            chosen: Any = int(device) if device.isdecimal() else device or None
            # The ring plays on while a call of each voice is computed.
            ring_s = RING_S + 1.5 * sum(voice.warm() for voice in voices)
            card = stack.enter_context(LiveSpeaker(mix.rate, 2, chosen, ring_s))
        write = stack.enter_context(_writer(wav, mix.rate))
        link = BoardLink(*board, lambda latent: player.heard(latent))
        stack.callback(link.close)
        player = HostPlayer(mix, link, card, write)
        stack.callback(lambda: link.send("/mode", "onboard"))
        link.send("/mode", mode)
        _talk(f"Playing {', '.join(voice.name for voice in voices)} from {board[0]}; {KEYS}")
        keys = stack.enter_context(_keys())
        with contextlib.suppress(KeyboardInterrupt):
            _stay(player, keys, seconds)
    _talk(_meter(player))


def _stay(player: HostPlayer, keys: Any, seconds: float) -> None:
    began = told = time.monotonic()
    while not seconds or time.monotonic() - began < seconds:
        player.step()
        if (key := keys()) and not _press(key, player):
            return
        now = time.monotonic()
        if now - told >= 5.0:
            told = now
            _talk(_meter(player))


def _press(key: str, player: HostPlayer) -> bool:
    """Does what a key says; False ends."""
    link = player.link
    modes = {"o": "onboard", "h": "host", "b": "both"}
    if key in modes:
        link.send("/mode", modes[key])
    elif key == "m":
        link.send("/mute", 0 if link.status is not None and link.status.muted else 1)
    elif key.isdecimal():
        link.send("/scene", int(key))
    elif key in "+-":
        for voice in player.mix.voices:
            voice.level = min(max(voice.level * (1.12 if key == "+" else 0.89), 0.0), 1.0)
    return key != "q"


def _meter(player: HostPlayer) -> str:
    link, voice = player.link, player.mix.voices[0]
    sounding = link.status.sounding if link.status is not None and link.lives else "no board"
    card = "" if player.card is None else f", {player.card.drop_outs} drop-outs"
    latency = f"{player.latency.mean_ms:.1f} ms + {voice.card.delay_ms:.1f} ms of the model"
    error = f", {link.error}" if link.error else ""
    heard = f"{link.packets} packets, {link.gaps} gaps"
    return f"{sounding}, {heard}, packet to sound {latency}, load {player.load():.0%}{card}{error}"


@contextlib.contextmanager
def _writer(wav: Path | None, rate: int) -> Iterator[Any]:
    """What takes every block: a WAV file, standard output, or nothing."""
    if wav is None:
        yield lambda block: None
    elif str(wav) == "-":
        yield lambda block: sys.stdout.buffer.write(block.astype("<f4").tobytes())
    else:
        import soundfile

        with soundfile.SoundFile(wav, "w", rate, 2, "FLOAT", format="WAV") as file:
            yield file.write


@contextlib.contextmanager
def _keys() -> Iterator[Any]:
    """Gives the key that is pressed, or nothing; without a terminal there are none."""
    if not sys.stdin.isatty():
        yield lambda: ""
        return
    import select
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield lambda: sys.stdin.read(1) if select.select([sys.stdin], [], [], 0.0)[0] else ""
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
