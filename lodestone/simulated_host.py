"""A simulated evening: the player's hands, the host computer and the loudspeaker around the real firmware."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from pythonosc.osc_message_builder import OscMessageBuilder

from lodestone import osc_log
from lodestone.host import HostVoice
from lodestone.osc_log import Heard

Audio = npt.NDArray[np.float32]

CHANNELS = 2  # of the simulated board, in and out
HEARTBEAT_US = 100_000  # a third of the silence after which the board gives a host up


@dataclass(frozen=True)
class Cue:
    """One OSC message that the host sends to the board at `time_s`."""

    time_s: float
    address: str
    arguments: tuple[float | int | str, ...]


class Speaker(Protocol):
    """Where the sound goes while it is being made; may wait, which paces the performance."""

    def play(self, block: Audio) -> None:
        """Takes one interleaved block [frames, channels]."""


def packet(address: str, *arguments: float | int | str) -> bytes:
    """One OSC message as a datagram."""
    builder = OscMessageBuilder(address)
    for argument in arguments:
        builder.add_arg(argument)
    return builder.build().dgram


def first_sound_cues(seconds: float) -> list[Cue]:
    """The script of `lodestone play`: entanglement opens and closes, and a switch to the host and back."""
    cues = [Cue(0.0, "/knob/entanglement", (0.0,))]
    ramp = np.linspace(0.0, 1.0, 41)
    rise, fall = 0.20 * seconds, 0.80 * seconds
    for value in ramp:
        cues.append(Cue(rise + float(value) * 0.1 * seconds, "/knob/entanglement", (float(value),)))
        cues.append(Cue(fall + float(value) * 0.1 * seconds, "/knob/entanglement", (1.0 - float(value),)))
    cues.append(Cue(0.45 * seconds, "/mode", ("host",)))
    cues.append(Cue(0.65 * seconds, "/mode", ("onboard",)))
    return sorted(cues, key=lambda cue: cue.time_s)


class SimulatedHost:
    """A computer on the other end of the cable: hears the board, answers, and plays back into its input.

    It sends a heartbeat, follows a script of cues, synthesizes from the latents that arrive, and returns
    its sound through the board's audio input. Everything follows the board's clock, nothing the machine's.

    Args:
        voice: the host's own synthesis, or None for a host that only listens.
        cues: what it sends, by time.
        speaker: hears every block that the board puts out.
        progress: called with the board's time in seconds, once a block.
    """

    def __init__(
        self,
        voice: HostVoice | None,
        cues: Iterable[Cue],
        speaker: Speaker | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.messages: list[Heard] = []
        self._voice = voice
        self._cues = deque(sorted(cues, key=lambda cue: cue.time_s))
        self._next_heartbeat_us = 0
        self._speaker = speaker
        self._progress = progress

    def datagram_out(self, now_us: int, data: bytes) -> None:
        """Hears one datagram of the board."""
        for message in osc_log.decode(now_us, "out", data):
            self.messages.append(message)
            if message.address == "/latent" and self._voice is not None:
                self._voice.hear(np.array(message.arguments, dtype=np.float32))

    def datagram_in(self, now_us: int) -> bytes | None:
        """The next datagram for the board that is due, or None."""
        data = self._due(now_us)
        if data is not None:
            self.messages.extend(osc_log.decode(now_us, "in", data))
        return data

    def audio(self, now_us: int, block: Audio) -> Audio:
        """Hears an interleaved block of the board; gives the block for its input, of as many channels."""
        if self._speaker is not None:
            self._speaker.play(block.reshape(-1, CHANNELS))
        if self._progress is not None:
            self._progress(now_us / 1e6)
        if self._voice is None:
            return np.zeros_like(block)
        return np.repeat(self._voice.render(block.size // CHANNELS), CHANNELS)

    def digital_in(self, now_us: int) -> int:
        """No button is pressed."""
        return 0

    def digital_out(self, now_us: int, levels: int) -> None:
        """The board's lamp is not looked at."""

    def _due(self, now_us: int) -> bytes | None:
        if now_us >= self._next_heartbeat_us:
            self._next_heartbeat_us += HEARTBEAT_US
            return packet("/heartbeat")
        if self._cues and self._cues[0].time_s * 1e6 <= now_us:
            cue = self._cues.popleft()
            return packet(cue.address, *cue.arguments)
        return None
