"""A host that plays: keeps the card's ring filled from the voices, and measures how late a packet sounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from lodestone.hosting.link import BoardLink
from lodestone.hosting.mixed_voices import HostVoice, Mix
from lodestone.live.pace import Pace

Audio = npt.NDArray[np.float32]
BLOCK = 128
RING_S = 0.004
"""What waits before the card besides a call of each voice; a drop-out of the card makes it longer."""


class Card(Protocol):
    """A sound card as `LiveSpeaker` is one."""

    drop_outs: int
    device_late: int
    target: int
    rate: int

    @property
    def fill(self) -> int:
        """Frames that wait to be heard."""

    @property
    def started(self) -> bool:
        """Whether it has begun to take them."""

    @property
    def device_s(self) -> float:
        """Seconds of sound that wait behind those frames, in the device."""

    def offer(self, block: Audio) -> None:
        """Frames to be heard next."""


@dataclass
class Latency:
    """From the arrival of latents to their sound, counted over all packets that have sounded, s.

    Attributes:
        taken_s: until a call of the voice takes them; half a hop on average.
        ring_s: what waits for the card when that call begins.
        count: of packets.
    """

    taken_s: float = 0.0
    ring_s: float = 0.0
    count: int = 0

    def add(self, taken_s: float, ring_s: float) -> None:
        """One more packet."""
        self.taken_s += taken_s
        self.ring_s += ring_s
        self.count += 1

    @property
    def mean_ms(self) -> tuple[float, float]:
        """Of both parts."""
        each = 1e3 / max(self.count, 1)
        return each * self.taken_s, each * self.ring_s


class HostPlayer:
    """Steps the link and the voices.

    Args:
        mix: the voices.
        link: the board.
        card: where the sound goes; None where a file alone takes it, paced by the clock.
        write: takes every block as well.
        clock: seconds; the link's.
    """

    def __init__(
        self,
        mix: Mix,
        link: BoardLink,
        card: Card | None = None,
        write: Callable[[Audio], object] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.mix, self.link, self.card = mix, link, card
        self._write, self._clock = write, clock
        self._pace = Pace(mix.rate, clock, sleep)
        self.latency = Latency()
        self.frames = 0
        self._arrived: list[float] = []
        self._unread_s = 0.5 * BLOCK / mix.rate  # packets are read once a block
        mix.voices[0].on_call = self._call
        if any(voice.touch is not None for voice in mix.voices):
            link.hear_field = self._feel

    def heard(self, latent: npt.NDArray[np.float32]) -> None:
        """Latents have come: for `BoardLink`."""
        if self.mix.hear(latent):
            self._arrived.append(self._clock() - self._unread_s)

    def _feel(self, sensor: int, field_mt: tuple[float, ...]) -> None:
        if self.mix.feel(sensor, field_mt, self._clock()):
            self._arrived.append(self._clock() - self._unread_s)

    def step(self) -> None:
        """One block: hears, plays, and returns when the next is due."""
        self.link.tick()
        self._tell_touches()
        block = self.mix.render(BLOCK)
        self._write(block)
        self.frames += BLOCK
        if self.card is None:
            self._pace.wait(BLOCK)
            return
        self.card.offer(block)
        if self.card.started:
            self._pace.wait(BLOCK, self.card.fill, self.card.target)

    def _tell_touches(self) -> None:
        """What the board says of its sensors and knobs goes for our own touch as well."""
        status = self.link.status
        for touch in [voice.touch for voice in self.mix.voices if voice.touch is not None]:
            for knob in self.link.knobs.values():
                touch.turn(knob.name, knob.value)
            if status is not None:
                touch.flags, touch.temperature_c = status.sensor_flags, status.temperature_c

    def load(self) -> float:
        """Share of one core that the voices take."""
        return sum(voice_load(voice) for voice in self.mix.voices)

    def latency_ms(self) -> dict[str, float]:
        """The parts of the way from a packet to its sound, ms, by name."""
        taken, ring = self.latency.mean_ms
        device = 0.0 if self.card is None else 1e3 * self.card.device_s
        return {"hop": taken, "ring": ring, "card": device, "model": self.mix.voices[0].card.delay_ms}

    def _call(self) -> None:
        """A call of the first voice takes all latents that have come; its sound begins behind what waits."""
        now = self._clock()
        ring_s = self.mix.voices[0].waiting / self.mix.rate
        ring_s += 0.0 if self.card is None else self.card.fill / self.card.rate
        for arrived in self._arrived:
            self.latency.add(now - arrived, ring_s)
        self._arrived.clear()


def voice_load(voice: HostVoice) -> float:
    """Share of one core that a voice takes."""
    block_s = voice.card.hop * voice.card.frames / voice.card.sample_rate
    return voice.busy_s / (voice.calls * block_s) if voice.calls else 0.0
