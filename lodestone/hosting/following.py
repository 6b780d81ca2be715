"""A host that was told no voice plays the board's: it loads the voice of each new scene beside the sound."""

from __future__ import annotations

import threading
from collections.abc import Callable

from errors import LodestoneError
from lodestone.board_messages import Model
from lodestone.hosting.mixed_voices import HostError, HostVoice, Mix


class Following:
    """Keeps the voice of the board's scene sounding, and the others silent.

    Args:
        mix: of the voices; new ones are added to it.
        load: makes a voice of its name; on a thread of its own, for it takes seconds.
        told: a line for the player.
    """

    def __init__(
        self, mix: Mix, load: Callable[[str], HostVoice], told: Callable[[str], object] = lambda _: None
    ) -> None:
        self._mix, self._load, self._told = mix, load, told
        self._named = {voice.name: voice for voice in mix.voices}
        self._wanted = mix.voices[0].name if mix.voices else ""
        self._loading: threading.Thread | None = None
        self._made: tuple[str, HostVoice | LodestoneError] | None = None
        self._refused: set[str] = set()

    def look(self, model: Model | None) -> None:
        """Called once a block with what the board plays."""
        if model is None:
            return
        if model.voice != self._wanted:
            self._wanted = model.voice
            self._show()
        self._take()
        if self._wanted not in self._named and self._wanted not in self._refused and self._loading is None:
            self._loading = threading.Thread(target=self._make, args=(self._wanted,), daemon=True)
            self._loading.start()

    def _make(self, name: str) -> None:
        try:
            self._made = name, self._load(name)
        except LodestoneError as error:
            self._made = name, error
        except (OSError, MemoryError, ValueError) as error:
            self._made = name, HostError(f"the voice {name}", str(error), "name one on the command line")

    def _take(self) -> None:
        if self._made is None or self._loading is None:
            return
        (name, made), self._made, self._loading = self._made, None, None
        try:
            if isinstance(made, LodestoneError):
                raise made
            made.begin(0.0)
            self._mix.add(made)
        except LodestoneError as error:
            self._refused.add(name)
            self._told(str(error))
            return
        self._named[name] = made
        self._show()
        self._told(f"plays {name}")

    def _show(self) -> None:
        if self._wanted in self._named:
            for name, voice in self._named.items():
                voice.level = voice.full if name == self._wanted else 0.0
