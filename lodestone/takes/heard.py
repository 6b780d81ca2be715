"""A take as it was heard: its latents through voices, offline, the same to the bit on every run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from lodestone.hosting.mixed_voices import HostVoice, Mix
from lodestone.takes.content import latents, told
from lodestone.takes.take_file import Take, TakeError

Audio = npt.NDArray[np.float32]
BLOCK = 128
TAIL_S = 1.0
"""Sound goes on for so long after the last message: what the model still has in it."""


def voices_of(take: Take) -> list[str]:
    """Names of the voices that the board played, in the order in which they came."""
    return list(dict.fromkeys(model["voice"] for _, model in told(take, "/model")))


@dataclass
class _Change:
    time_s: float
    do: Callable[[], object]


class Heard:
    """The sound of a take.

    Args:
        take: what was recorded.
        voices: by the name of the board's voice that they stand for; one under "" plays everything.

    Raises:
        TakeError: no latents that a voice takes.
        HostError: voices of different rates.
    """

    def __init__(self, take: Take, voices: Mapping[str, HostVoice]) -> None:
        self._voices = dict(voices)
        self.mix = Mix(list(voices.values()))
        self._levels = {name: voice.level for name, voice in voices.items()}
        self._sounding, self._muted = next(iter(voices)), False
        changes = [_Change(at, lambda z=z: self._hear(z)) for at, z in latents(take)]  # type: ignore[misc]
        changes += [_Change(at, lambda m=m: self._model(m)) for at, m in told(take, "/model")]  # type: ignore[misc]
        changes += [_Change(at, lambda s=s: self._status(s)) for at, s in told(take, "/status")]  # type: ignore[misc]
        self._changes = deque(sorted(changes, key=lambda change: change.time_s))
        self.taken = self.left = 0
        self.seconds = take.seconds + TAIL_S
        wanted = {voice.card.latents for voice in voices.values()}
        found = {len(z) for _, z in latents(take)}
        if not wanted & found:
            got = f"{' and '.join(map(str, sorted(found))) or 'none'} in the take"
            do = "name another voice, or give --mapping to play it from the field"
            raise TakeError(f"{' or '.join(map(str, sorted(wanted)))} latents, as the voice has", got, do)
        self._apply()
        for name, voice in self._voices.items():
            voice.begin(self._levels[name] if self._sounds(name) else 0.0)

    def blocks(self) -> Iterator[Audio]:
        """The sound [frames, 2], block by block."""
        for block in range(round(self.seconds * self.mix.rate / BLOCK)):
            now = block * BLOCK / self.mix.rate
            while self._changes and self._changes[0].time_s <= now:
                self._changes.popleft().do()
            yield self.mix.render(BLOCK)

    def _hear(self, latent: npt.NDArray[np.float32]) -> None:
        if self._voices[self._sounding].glide.hear(latent):
            self.taken += 1
        else:
            self.left += 1

    def _model(self, model: dict[str, Any]) -> None:
        if model["voice"] in self._voices:
            self._sounding = model["voice"]
            self._apply()

    def _status(self, status: dict[str, Any]) -> None:
        self._muted = bool(status["muted"])
        self._apply()

    def _sounds(self, name: str) -> bool:
        return name == self._sounding and not self._muted

    def _apply(self) -> None:
        for name, voice in self._voices.items():
            voice.level = self._levels[name] if self._sounds(name) else 0.0
