"""A loudspeaker for performances that are heard while they are made."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from errors import LodestoneError


class SpeakerError(LodestoneError):
    """No sound could be put out."""


class LiveSpeaker:
    """Plays blocks through the default output; waiting for it to drain paces a simulation to real time.

    Raises:
        SpeakerError: where sounddevice, PortAudio or an output device is missing.
    """

    def __init__(self, rate: int, channels: int) -> None:
        try:
            import sounddevice
        except (ImportError, OSError) as missing:
            raise SpeakerError(
                "the Python package sounddevice and the PortAudio library",
                str(missing),
                "run `pip install 'lodestone[live]'`; on Debian also `apt install libportaudio2`",
            ) from missing
        try:
            self._stream: Any = sounddevice.OutputStream(
                rate, channels=channels, dtype="float32", latency="high"
            )
            self._stream.start()
        except sounddevice.PortAudioError as refused:
            raise SpeakerError(
                "an audio output", str(refused), "connect one, or play without --live"
            ) from refused

    def play(self, block: npt.NDArray[np.float32]) -> None:
        """Queues one block [frames, channels]; returns when the device has room for it."""
        self._stream.write(np.ascontiguousarray(block))

    def __enter__(self) -> LiveSpeaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.stop()
        self._stream.close()
