"""The loudspeaker, with a stand-in for the audio library that machines of a test have not."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from lodestone.cli import build_app
from lodestone.live.pace import Pace
from lodestone.speaker import LiveSpeaker, SpeakerError, devices
from tests.lodestone.test_live import free_port

RATE, CHANNELS = 44100, 2


class NoDeviceError(Exception):
    """As PortAudio complains."""


class Stream:
    """A device that takes sound when it is told to."""

    def __init__(self, rate: int, *, callback: Callable[..., None], **settings: object) -> None:
        self.callback, self.settings = callback, settings
        self.running = False
        self.latency = 256 / rate

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def close(self) -> None:
        pass

    def take(self, frames: int, late: bool = False) -> np.ndarray:
        assert self.running
        out = np.full((frames, CHANNELS), np.nan, np.float32)
        self.callback(out, frames, None, SimpleNamespace(output_underflow=late))
        return out


@pytest.fixture
def streams(monkeypatch: pytest.MonkeyPatch) -> list[Stream]:
    made: list[Stream] = []

    def open_stream(*args: int, **kwargs: object) -> Stream:
        made.append(Stream(*args, **kwargs))  # type: ignore[arg-type]
        return made[-1]

    listed = [
        {"name": "Microphone", "max_output_channels": 0, "default_samplerate": 48000.0},
        {"name": "Speakers", "max_output_channels": 2, "default_samplerate": 44100.0},
    ]
    library = SimpleNamespace(
        OutputStream=open_stream,
        PortAudioError=NoDeviceError,
        check_output_settings=lambda *_: None,
        query_devices=lambda: listed,
    )
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return made


def test_the_device_starts_when_the_ring_is_full_and_hears_every_sample(streams: list[Stream]) -> None:
    sound = np.arange(2 * 20000, dtype=np.float32).reshape(-1, CHANNELS)
    with LiveSpeaker(RATE, CHANNELS) as speaker:
        (stream,) = streams
        heard = []
        for at in range(0, len(sound), 100):
            assert stream.running == (at >= speaker.target + 512)  # what the device takes at once
            speaker.offer(sound[at : at + 100])
            if stream.running and speaker.fill > speaker.target:
                heard.append(stream.take(256))
        assert speaker.drop_outs == 0
        np.testing.assert_array_equal(np.concatenate(heard), sound[: 256 * len(heard)])
    assert not stream.running


def test_what_the_device_misses_is_counted_and_silent(streams: list[Stream]) -> None:
    with LiveSpeaker(RATE, CHANNELS) as speaker:
        there = speaker.target + 512
        speaker.offer(np.ones((there, CHANNELS), np.float32))
        out = streams[0].take(there + 10)
        assert speaker.drop_outs == 1
        assert (out[:there] == 1.0).all()
        assert (out[there:] == 0.0).all()


@pytest.mark.parametrize("drift", [-3e-4, 0.0, 3e-4])
def test_the_pace_follows_the_clock_of_the_card(streams: list[Stream], drift: float) -> None:
    """Two minutes of a card whose clock is off by 300 ppm, in virtual time; late wakes now and then."""
    now = [0.0]
    random = np.random.default_rng(5)

    def sleep(seconds: float) -> None:
        now[0] += seconds + float(random.exponential(3e-4))

    pace = Pace(RATE, clock=lambda: now[0], sleep=sleep)
    block = np.zeros((128, CHANNELS), np.float32)
    with LiveSpeaker(RATE, CHANNELS) as speaker:
        next_s = -1.0
        highest = 0
        while now[0] < 120.0:
            speaker.offer(block)
            highest = max(highest, speaker.fill)
            if speaker.started:
                next_s = now[0] if next_s < 0.0 else next_s
                pace.wait(len(block), speaker.fill, speaker.target)
            while 0.0 <= next_s <= now[0]:
                streams[0].take(256)
                next_s += 256 / RATE / (1.0 + drift)
        assert speaker.drop_outs == 0
        assert highest < 2 * speaker.target
        assert pace.late_s == 0.0


def test_outputs_are_listed(streams: list[Stream]) -> None:
    assert devices() == ["  1 Speakers, 2 channels, 44100 Hz"]


def test_a_machine_without_the_library_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(SpeakerError, match="libportaudio2"):
        LiveSpeaker(RATE, CHANNELS)


def test_a_device_that_cannot_is_told_before_anything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise NoDeviceError("Invalid sample rate")

    library = SimpleNamespace(
        check_output_settings=refuse, query_devices=refuse, PortAudioError=NoDeviceError
    )
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    with pytest.raises(SpeakerError, match="Invalid sample rate: see the outputs"):
        LiveSpeaker(RATE, CHANNELS)


def test_a_device_that_somebody_else_has_is_told_in_a_line(
    streams: list[Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise NoDeviceError("Error opening OutputStream: Device unavailable [PaErrorCode -9985]")

    monkeypatch.setattr(sys.modules["sounddevice"], "OutputStream", busy)
    done = CliRunner().invoke(build_app(), ["live", "--port", str(free_port())])
    assert isinstance(done.exception, SpeakerError)
    said = "wanted an audio output of 44100 Hz, got Error opening OutputStream: Device unavailable"
    assert str(done.exception).startswith(said)
    assert str(done.exception).endswith("name one with --device, or --silent")


def test_a_device_of_another_rate_is_resampled_without_a_step(
    streams: list[Stream], monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_48000(device: object, channels: int, kind: str, extra: object, rate: int) -> None:
        if rate != 48000:
            raise NoDeviceError("Invalid sample rate")

    library = sys.modules["sounddevice"]
    monkeypatch.setattr(library, "check_output_settings", only_48000)
    monkeypatch.setattr(library, "query_devices", lambda *_: {"default_samplerate": 48000.0})
    time_s = np.arange(RATE) / RATE
    sound = np.repeat(np.sin(2 * np.pi * 441.0 * time_s)[:, None], CHANNELS, axis=1).astype(np.float32)
    with LiveSpeaker(RATE, CHANNELS) as speaker:
        (stream,) = streams
        assert speaker.rate == 48000
        assert stream.settings["channels"] == CHANNELS
        heard = []
        for at in range(0, len(sound), 128):
            speaker.offer(sound[at : at + 128])
            while speaker.fill > speaker.target:
                heard.append(stream.take(128))
        assert speaker.drop_outs == 0
    played = np.concatenate(heard)[:, 0]
    assert len(played) > 0.9 * 48000
    spectrum = np.abs(np.fft.rfft(played[4800:43200] * np.hanning(38400)))
    assert np.argmax(spectrum) == round(441.0 * 38400 / 48000)
    assert np.abs(np.diff(played[4800:])).max() < 1.01 * 2 * np.pi * 441.0 / 48000


def test_a_drop_out_makes_the_ring_longer(streams: list[Stream]) -> None:
    with LiveSpeaker(RATE, CHANNELS, None, 0.004) as speaker:
        (stream,) = streams
        before = speaker.target
        speaker.offer(np.ones((before + 512, CHANNELS), np.float32))
        stream.take(before + 512)
        assert speaker.target == before
        stream.take(64)
        assert (speaker.drop_outs, speaker.target) == (1, before + round(0.003 * RATE))
        for _ in range(100):
            stream.take(64)
        assert speaker.target == round(0.1 * RATE)  # but not without end
        speaker.offer(np.ones((speaker.target, CHANNELS), np.float32))
        assert speaker.fill == speaker.target


def test_a_calm_while_makes_the_ring_shorter_and_a_relapse_makes_it_wait_longer(
    streams: list[Stream],
) -> None:
    with LiveSpeaker(RATE, CHANNELS, None, 0.004) as speaker:
        (stream,) = streams
        first = speaker.target
        block = np.ones((64, CHANNELS), np.float32)

        def play(seconds: float) -> None:
            for _ in range(round(seconds * RATE / 64)):
                while speaker.fill < speaker.target:
                    speaker.offer(block)
                stream.take(64)

        def miss() -> None:
            stream.take(speaker.fill + 1)

        speaker.offer(np.ones((first + 512, CHANNELS), np.float32))
        for _ in range(4):
            miss()
        long = speaker.target
        assert long == first + 4 * round(0.003 * RATE)
        play(4.9)
        assert speaker.target == long
        play(0.2)
        assert first < speaker.target < long
        play(60.0)
        assert first <= speaker.target < first + 64  # what one block needs, and a millisecond
        assert speaker.drop_outs == 4
        miss()
        again = speaker.target
        play(9.9)
        assert speaker.target == again
        play(0.2)
        assert speaker.target < again


def test_what_the_system_missed_is_counted_apart(streams: list[Stream]) -> None:
    with LiveSpeaker(RATE, CHANNELS) as speaker:
        speaker.offer(np.ones((speaker.target + 512, CHANNELS), np.float32))
        streams[0].take(64, late=True)
        assert (speaker.device_late, speaker.drop_outs) == (1, 0)


def test_what_a_card_that_stood_still_has_not_taken_is_played_first() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    pace = Pace(RATE, clock=lambda: now[0], sleep=sleep)
    pace.wait(128, 441, 441)
    before = now[0]
    pace.wait(128, 441 + 4410, 441)  # a tenth of a second stands still
    assert now[0] - before == pytest.approx(0.1 + 128 / RATE / 0.95, rel=0.01)
    before = now[0]
    pace.wait(128, 441 + 441, 441)  # a device that is late takes that at once
    assert now[0] - before == pytest.approx(128 / RATE / 0.95, rel=0.01)
