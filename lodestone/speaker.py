"""A sound card behind a ring of our own: checked first, started full, its drop-outs counted."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from errors import LodestoneError
from lodestone.resample import Resampler
from lodestone.urgent import become_urgent, threads

Audio = npt.NDArray[np.float32]
RING_S = 0.04
GROW_S, LONGEST_S = 0.003, 0.1
SPARE_S, SETTLED_S = 0.001, 5.0
"""What may wait besides what was needed, and how long nothing must be missed before the ring gets shorter:
at first; twice as long each time that this was too early."""
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
        ring_s: seconds of sound between the caller and the device. A drop-out makes it GROW_S longer; when
            nothing was missed for SETTLED_S it gives half of what was not needed back, down to `ring_s`.

    Attributes:
        rate: that the device plays, in Hz.
        drop_outs: how often the device wanted sound that was not there, since it started.
        device_late: how often the system was too late for the device itself, whatever waited here.
        urgent: whether the system lets the device's threads run before others.

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
        self.drop_outs = self.device_late = 0
        self.urgent = False
        self._least_target, self._spare, self._calm = self.target, 0, 0
        self._settled, self._gave = round(SETTLED_S * rate), False
        self._most = max(2 * self.target, round(LONGEST_S * rate))
        self._ring: Audio = np.zeros((2 * self._most, channels), np.float32)
        self._written = self._read = 0
        self._room = threading.Event()
        self._started = False
        self._threads = threads()
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
        """Whether the device plays: it begins when ring and device can be filled at once."""
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
        if not self._started and self.fill >= self.target + self._gulp:
            self._started = True
            self._stream.start()
            allowed = [become_urgent(thread) for thread in threads() - self._threads]
            self.urgent = all(allowed)

    def play(self, block: Audio) -> None:
        """Queues one block; returns when the ring has room for it, which paces the caller."""
        while self._started and self.fill >= self.target:
            self._room.clear()
            if self.fill >= self.target:
                self._room.wait(1.0)
        self.offer(block)

    @property
    def _gulp(self) -> int:
        """What the device may take at once when it starts: its own buffer, and a period more."""
        return round(2.0 * self.device_s * self.rate)

    @property
    def device_s(self) -> float:
        """Seconds of sound that wait behind the ring, as the audio library says."""
        return float(self._stream.latency)

    def _fill(self, out: Audio, frames: int, time: object, status: Any) -> None:
        """The device wants `frames`. Threads: the device's."""
        there = min(frames, self.fill)
        at = self._read % len(self._ring)
        first = min(there, len(self._ring) - at)
        out[:first] = self._ring[at : at + first]
        out[first:there] = self._ring[: there - first]
        out[there:] = 0.0
        self._read += there
        self.device_late += bool(status and status.output_underflow)
        self._fit(there < frames, frames)
        self._room.set()

    def _fit(self, missed: bool, frames: int) -> None:
        """As little waits as is found to be enough; what was given back too early is kept twice as long."""
        if missed:
            self.drop_outs += 1
            self.target = min(self.target + round(GROW_S * self.rate), self._most)
            self._settled *= 2 if self._gave else 1
            self._calm, self._gave = 0, False
            return
        self._spare = min(self._spare, self.fill) if self._calm else self.fill
        self._calm += frames
        if self._calm >= self._settled:
            unneeded = max(self._spare - round(SPARE_S * self.rate), 0)
            shorter = max(self.target - (unneeded + 1) // 2, self._least_target)
            self._gave = self._gave or shorter < self.target
            self.target, self._calm = shorter, 0

    def __enter__(self) -> LiveSpeaker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started:
            self._stream.stop()
        self._stream.close()
