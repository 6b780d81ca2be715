"""Recordings lose nothing, and of a damaged one everything before the damage is used."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from files import FileError
from sensors import Frame, SensorError, open_source
from sensors.recording import BLOCK_FRAMES, RECORD, RecordingWriter, read_recording

FIELDS = ("time_s", "sequence", "field_mt", "counts", "temperature_c", "valid", "flags")


@pytest.fixture(scope="module")
def take(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Frame]]:
    path = tmp_path_factory.mktemp("take") / "take.frames"
    with open_source("sim:first-sound?seed=4&fault=unplug,1,3.0,0.4") as source:
        frames = [frame for frame, _ in zip(source, range(1010), strict=False)]
        with RecordingWriter(path, source.info) as writer:
            for frame in frames:
                writer.add(frame)
    return path, frames


def same(a: Frame, b: Frame) -> bool:
    return all(np.array_equal(getattr(a, name), getattr(b, name)) for name in FIELDS)


def test_nothing_is_lost(take: tuple[Path, list[Frame]]) -> None:
    path, frames = take
    recording = read_recording(path)
    assert recording.damage is None
    assert len(recording.records) == len(frames) == 1010
    assert all(same(a, b) for a, b in zip(recording.frames(), frames, strict=True))
    assert recording.sha256 == hashlib.sha256(recording.records.tobytes()).hexdigest()
    assert recording.info["rate_hz"] == 200.0
    assert len(set(recording.info["identity"])) == 4
    assert path.stat().st_size < 0.45 * 1010 * RECORD.itemsize


def test_replay_gives_the_same_frames_and_can_be_recorded_again(
    take: tuple[Path, list[Frame]], tmp_path: Path
) -> None:
    path, frames = take
    with open_source(f"replay:{path}") as source, RecordingWriter(tmp_path / "again", source.info) as writer:
        for frame, original in zip(source, frames, strict=True):
            assert same(frame, original)
            writer.add(frame)
    assert read_recording(tmp_path / "again").sha256 == read_recording(path).sha256


def test_a_recording_moves_the_simulated_board(take: tuple[Path, list[Frame]]) -> None:
    path, frames = take
    with open_source(f"sim:{path}") as source:
        again = list(source)
    assert len(again) == pytest.approx(len(frames), abs=15)
    middle = again[300]
    nearest = min(frames, key=lambda frame: abs(frame.time_s - frames[0].time_s - middle.time_s))
    np.testing.assert_allclose(middle.field_mt, nearest.field_mt, atol=0.6)


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.999])
def test_a_cut_recording(take: tuple[Path, list[Frame]], tmp_path: Path, cut: float) -> None:
    path, frames = take
    data = path.read_bytes()
    (tmp_path / "cut").write_bytes(data[: int(len(data) * cut)])
    recording = read_recording(tmp_path / "cut")
    assert recording.damage is not None
    assert "cut off" in recording.damage
    assert f"the {len(recording.records)} frames" in recording.damage
    assert len(recording.records) % BLOCK_FRAMES in (0, 1010 % BLOCK_FRAMES)
    assert all(same(a, b) for a, b in zip(recording.frames(), frames, strict=False))
    assert len(recording.records) >= (cut - 0.25) * 1010


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0.0, 1.0, exclude_max=True), value=st.integers(1, 255))
def test_one_wrong_byte_anywhere(
    take: tuple[Path, list[Frame]], tmp_path: Path, place: float, value: int
) -> None:
    path, frames = take
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= value
    (tmp_path / "wrong").write_bytes(data)
    try:
        recording = read_recording(tmp_path / "wrong")
    except SensorError:
        return
    assert recording.damage is not None, "no damage goes unseen"
    assert all(same(a, b) for a, b in zip(recording.frames(), frames, strict=False))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"RIFF....", "other bytes"),
        (b"lodestone-frames", "header"),
        (b"lodestone-frames\x09\0\0\0\0\0\0\0", "version 9"),
    ],
)
def test_files_that_are_no_recordings(tmp_path: Path, content: bytes, word: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(SensorError, match=word):
        read_recording(tmp_path / "file")
    with pytest.raises(SensorError, match="No such file"):
        read_recording(tmp_path / "nothing")
    with pytest.raises(FileError, match="to write"):
        RecordingWriter(tmp_path / "file" / "below", {})


def test_the_pace_of_replay(take: tuple[Path, list[Frame]]) -> None:
    from sensors.replay import ReplaySource
    from sensors.simulation import VirtualClock

    clock = VirtualClock()
    source = ReplaySource(take[0], speed=2.0, clock=clock)
    frames = list(source)
    assert clock.now_us() == pytest.approx((frames[-1].time_s - frames[0].time_s) * 1e6 / 2, abs=2)
