"""The player's end of a host: keys, MIDI, meters, and what others may ask of it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator

from lodestone.hosting.following import Following
from lodestone.hosting.host_player import Card, HostPlayer
from lodestone.hosting.midi import MidiDesk, choices
from lodestone.hosting.mixed_voices import HostVoice
from lodestone.hosting.query import Namespace

KEYS = "o onboard, h host, b both; m mute; 0-9 scene; + - level; l learn MIDI; q end"
METER_S = 5.0
BARS = "▁▂▃▄▅▆▇█"
LOUDER, SOFTER = 1.12, 0.89


class Desk:
    """Steps a host, and does what the player wants.

    Args:
        player: the host.
        told: a line for the player.
        midi: obeyed where there is one.
        names: filled with what the board says, for OSCQuery.
        clock: seconds.

    Attributes:
        following: loads the voices of new scenes, where there is one.
    """

    def __init__(
        self,
        player: HostPlayer,
        told: Callable[[str], object],
        midi: MidiDesk | None = None,
        names: Namespace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.player, self._told, self._midi, self._clock = player, told, midi, clock
        self._names = names or Namespace()
        self.following: Following | None = None
        self._learn = 0
        self._error = ""
        if midi is not None:
            midi.wire(player.link.send, player.mix.set_level)

    def run(self, keys: Callable[[], str], seconds: float = 0.0) -> None:
        """Until the key q, or for so long where that is not 0."""
        began = told = self._clock()
        while not seconds or self._clock() - began < seconds:
            self.step()
            if (key := keys()) and not self.press(key):
                return
            if self._clock() - told >= METER_S:
                told = self._clock()
                self._told(self.meter())

    def step(self) -> None:
        """One block of sound, and whatever is to be done beside it."""
        self.player.step()
        link = self.player.link
        self._names.status, self._names.knobs = link.status, link.knobs
        if self.following is not None:
            self.following.look(link.model)
        if self._midi is not None:
            self._tell_midi(self._midi)
            self._midi.act()
        if link.error != self._error:
            self._error = link.error
            if self._error:
                self._told(f"the board refuses {self._error}")

    def press(self, key: str) -> bool:
        """Does what a key says; False ends."""
        link = self.player.link
        modes = {"o": "onboard", "h": "host", "b": "both"}
        if key in modes:
            link.send("/mode", modes[key])
        elif key == "m":
            link.send("/mute", 0 if link.status is not None and link.status.muted else 1)
        elif key.isdecimal():
            link.send("/scene", int(key))
        elif key in "+-":
            self.player.mix.set_level(self.player.mix.level * (LOUDER if key == "+" else SOFTER))
        elif key == "l" and self._midi is not None:
            known = choices(link.knobs)
            self._midi.learn(known[self._learn % len(known)])
            self._learn += 1
        elif key == "l":
            self._told("no MIDI: start with --midi ''")
        return key != "q"

    def meter(self) -> str:
        """How all is, in a line."""
        player, link = self.player, self.player.link
        voice = next((voice for voice in player.mix.voices if not voice.silent), player.mix.voices[0])
        parts = player.latency_ms()
        sounding = link.status.sounding if link.status is not None and link.lives else "no board"
        card = "" if player.card is None else drop_outs(player.card)
        of = ", ".join(f"{name} {ms:.1f}" for name, ms in parts.items())
        latency = f"{sum(parts.values()):.1f} ms ({of})"
        trouble = f", {link.status.trouble}" if link.status is not None and link.status.trouble else ""
        level = "" if player.mix.level == 1.0 else f", level {player.mix.level:.2f}"
        heard = f"{link.packets} packets, {link.gaps} gaps"
        load = f"load {player.load():.0%}{level}{card}, latents {bars(voice)}{trouble}"
        return f"{sounding}, {heard}, packet to sound {latency}, {load}"

    def _tell_midi(self, midi: MidiDesk) -> None:
        link = self.player.link
        midi.knobs = {name: (knob.least, knob.most) for name, knob in link.knobs.items()}
        midi.scenes = link.scenes
        if link.status is not None:
            midi.scene, midi.muted = link.status.scene, link.status.muted
            midi.host = link.status.asked == "host"


def drop_outs(card: Card) -> str:
    """How often sound was missing: ours, and the system's apart where there were any."""
    late = f", {card.device_late} of the system" if card.device_late else ""
    return f", {card.drop_outs} drop-outs{late}"


def bars(voice: HostVoice) -> str:
    """Where each latent is, a sign each: from three standard deviations below its mean to three above."""
    part = (voice.glide.in_sigma() + 3.0) / 6.0
    return "".join(BARS[min(max(int(p * len(BARS)), 0), len(BARS) - 1)] for p in part)


@contextlib.contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
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
