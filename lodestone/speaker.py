"""A sound card behind a ring of our own: checked first, started full, its drop-outs counted."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from errors import LodestoneError
from lodestone.resample import Resampler

Audio = npt.NDArray[np.float32]
RING_S = 0.04
GROW_S, LONGEST_S = 0.003, 0.1
OTHER_OUTPUT = "see the outputs with `lodestone live --list-devices`, name one with --device, or --silent"


class SpeakerError(LodestoneError):
    """No sound could be put out."""


def _library() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as missing:
        raise SpeakerError(
            "the Python package sounddevice and the PortAudio library",
            str(missing),
            "on Debian `apt install libportaudio2`; else `pip install sounddevice` beside Lodestone",
        ) from missing
    return sounddevice


def devices() -> list[str]:
    """A line for each output: number, name, channels, rate. Raises SpeakerError without the library."""
    found = []
    for number, device in enumerate(_library().query_devices()):
        if device["max_output_channels"] > 0:
            rate = f"{device['default_samplerate']:g} Hz"
            found.append(f"{number:3} {device['name']}, {device['max_output_channels']} channels, {rate}")
    return found


def has_output() -> bool:
    """Whether this machine can put out sound at all."""
    try:
        return bool(devices())
    except SpeakerError:
        return False


def playable(library: Any, device: int | str | None, channels: int, rate: int) -> int:
    """The rate to play at: `rate` where the device does it, else the device's own.

    Raises:
        SpeakerError: no such device, or it does neither.
    """
    try:
        library.check_output_settings(device, channels, "float32", None, rate)
        return rate
    except (library.PortAudioError, ValueError) as refused:
        said = str(refused)
    try:
        own = round(float(library.query_devices(device, "output")["default_samplerate"]))
        library.check_output_settings(device, channels, "float32", None, own)
        return own
    except (library.PortAudioError, ValueError, TypeError, KeyError):
        raise SpeakerError(f"an audio output of {rate} Hz", said, OTHER_OUTPUT) from None


class LiveSpeaker:
    """Plays blocks through an output device. Use as a context manager.

    Args:
        rate: in Hz of every block; resampled where the device wants its own.
        channels: of every block.
        device: number or part of a name, as `devices` lists them; None for the system's own.
        ring_s: seconds of sound between the caller and the device; a drop-out makes it GROW_S longer.

    Attributes:
        rate: that the device plays, in Hz.
        drop_outs: how often the device wanted sound that was not there, since it started.

    Raises:
        SpeakerError: where the library or the device is missing, or it is busy.
        ResampleError: the device has another rate, and soxr is not installed.
    """

    def __init__(
        self, rate: int, channels: int, device: int | str | None = None, ring_s: float = RING_S
    ) -> None:
        library = _library()
        self.rate, self.channels = playable(library, device, channels, rate), channels
        self._resampler = None if self.rate == rate else Resampler(rate, self.rate, channels)
        rate = self.rate
        self.target = max(round(ring_s * rate), 64)
        self.drop_outs = 0
        self._most = max(2 * self.target, round(LONGEST_S * rate))
        self._ring: Audio = np.zeros((2 * self._most, channels), np.float32)
        self._written = self._read = 0
        self._room = threading.Event()
        self._started = False
        try:
            self._stream: Any = library.OutputStream(
                rate, device=device, channels=channels, dtype="float32", latency="low", callback=self._fill
            )
        except (library.PortAudioError, ValueError) as refused:
            raise SpeakerError(f"an audio output of {rate} Hz", str(refused), OTHER_OUTPUT) from refused

    @property
    def fill(self) -> int:
        """Frames that wait in the ring."""
        return self._written - self._read

    @property
    def started(self) -> bool:
        """Whether the device plays: it begins when the ring has filled for the first time."""
        return self._started

    def offer(self, block: Audio) -> None:
        """Takes a block [frames, channels] without waiting; what has no room is left out."""
        if self._resampler is not None:
            block = self._resampler.process(block)
        block = block[: len(self._ring) - self.fill]
        at = self._written % len(self._ring)
        first = min(len(block), len(self._ring) - at)
        self._ring[at : at + first] = block[:first]
        self._ring[: len(block) - first] = block[first:]
        self._written += len(block)
        if not self._started and self.fill >= self.target:
            self._started = True
            self._stream.start()

    def play(self, block: Audio) -> None:
        """Queues one block; returns when the ring has room for it, which paces the caller."""
        while self._started and self.fill >= self.target:
            self._room.clear()
            if self.fill >= self.target:
                self._room.wait(1.0)
        self.offer(block)

    def _fill(self, out: Audio, frames: int, time: object, status: object) -> None:
        """The device wants `frames`. Threads: the device's."""
        there = min(frames, self.fill)
        at = self._read % len(self._ring)
        first = min(there, len(self._ring) - at)
        out[:first] = self._ring[at : at + first]
        out[first:there] = self._ring[: there - first]
        out[there:] = 0.0
        self._read += there
        if there < frames:
            self.drop_outs += 1
            self.target = min(self.target + round(GROW_S * self.rate), self._most)
        self._room.set()

    def __enter__(self) -> LiveSpeaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started:
            self._stream.stop()
        self._stream.close()
