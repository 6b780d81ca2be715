"""The loudspeaker, with a stand-in for the audio library that machines of a test have not."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lodestone.speaker import LiveSpeaker, SpeakerError


class NoDeviceError(Exception):
    """As PortAudio complains."""


class Stream:
    """Takes what is played."""

    def __init__(self, rate: int, *, channels: int, dtype: str, latency: str) -> None:
        self.format = (rate, channels, dtype)
        self.blocks: list[np.ndarray] = []
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def close(self) -> None:
        pass

    def write(self, block: np.ndarray) -> None:
        assert self.running
        self.blocks.append(block)


def test_blocks_reach_the_device_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    streams: list[Stream] = []

    def open_stream(*args: int, **kwargs: object) -> Stream:
        streams.append(Stream(*args, **kwargs))  # type: ignore[arg-type]
        return streams[-1]

    library = SimpleNamespace(OutputStream=open_stream, PortAudioError=NoDeviceError)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    blocks = [np.full((16, 2), value, np.float32) for value in (0.1, 0.2)]
    with LiveSpeaker(44100, 2) as speaker:
        for block in blocks:
            speaker.play(block)
    (stream,) = streams
    assert stream.format == (44100, 2, "float32")
    assert not stream.running
    np.testing.assert_array_equal(stream.blocks, blocks)


def test_a_machine_without_the_library_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SpeakerError, match="libportaudio2"):
        LiveSpeaker(44100, 2)


def test_a_machine_without_an_output_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise NoDeviceError("Error querying device -1")

    library = SimpleNamespace(OutputStream=refuse, PortAudioError=NoDeviceError)
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    with pytest.raises(SpeakerError, match="play without --live"):
        LiveSpeaker(44100, 2)
