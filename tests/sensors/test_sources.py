"""`open_source("sim:…")`: frames of a whole gesture, the same each time, and clear errors."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors import Flag, SensorError, open_source


def test_frames_of_the_empty_board() -> None:
    with open_source("sim:empty?seed=3") as source:
        frames = list(source)
        info = source.info
    assert len(frames) >= 1990
    times = np.array([frame.time_s for frame in frames])
    np.testing.assert_allclose(np.diff(times), 0.005, atol=2e-4)
    field = np.array([frame.field_mt for frame in frames])
    assert field.dtype == np.float32
    np.testing.assert_allclose(field.std(axis=0), 0.005, rtol=0.15)
    assert not any(frame.flags.any() for frame in frames)
    assert len(set(info["identity"])) == 4
    assert info["rate_hz"] == 200.0
    np.testing.assert_allclose(info["full_scale_mt"], [[49.15, 49.15, 79.3]] * 4, rtol=0.001)


def test_the_same_seed_gives_the_same_frames() -> None:
    def counts(spec: str) -> np.ndarray:
        with open_source(spec) as source:
            return np.array([frame.counts for frame, _ in zip(source, range(300), strict=False)])

    first = counts("sim:first-sound?seed=1")
    np.testing.assert_array_equal(first, counts("sim:first-sound?seed=1"))
    assert (first != counts("sim:first-sound?seed=2")).any()


def test_room_keys_reach_the_world() -> None:
    with open_source("sim:empty?noise_ut=0&mains_hz=50&mains_ut=40") as source:
        field = np.array([frame.field_mt[0] for frame, _ in zip(source, range(800), strict=False)]) * 1000
    spectrum = np.abs(np.fft.rfft(field[:, 0] - field[:, 0].mean())) / len(field) * 2
    frequency = np.fft.rfftfreq(len(field), 0.005)
    assert frequency[spectrum.argmax()] == pytest.approx(50.0, abs=0.5)
    assert spectrum.max() == pytest.approx(40.0 * 0.8, rel=0.15)


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("sim:", "a source"),
        ("first-sound", "a source"),
        ("usb:1", "sim:"),
        ("sim:nothing", "first-sound"),
        ("sim:empty?colour=3", "colour"),
        ("sim:empty?seed=green", "green"),
        ("sim:empty?seed=-1", "seed"),
        ("sim:empty?seed=nan", "seed"),
        ("sim:empty?warm_seconds=0", "warm_seconds"),
        ("sim:empty?rate_hz=0", "rate_hz"),
        ("sim:empty?rate_hz=5000", "frame_rate_hz"),
    ],
)
def test_wrong_specifications(spec: str, word: str) -> None:
    with pytest.raises(SensorError, match=word):
        open_source(spec)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_source_or_one_line(text: str) -> None:
    for kind in ("", "sim:", "sim:empty?", "replay:", "osc:", "smbus:9?"):
        with contextlib.suppress(SensorError):
            open_source(kind + text)


@pytest.mark.parametrize("place", ["\0", "a" * 5000, "/", "empty\0"])
def test_places_that_no_file_has(place: str) -> None:
    for kind in ("sim:", "replay:"):
        with pytest.raises(SensorError):
            open_source(kind + place)


def test_flags_are_those_of_the_firmware() -> None:
    import firmware._firmware as compiled

    for flag in set(Flag) - {Flag.UNKNOWN}:
        assert getattr(compiled, f"SENSOR_{flag.name}") == flag
