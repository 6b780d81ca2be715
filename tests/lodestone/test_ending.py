"""Being told to end in the middle of a write, as often as a closing terminal likes."""

import os
import signal
import threading
import time
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import numpy as np
import pytest

from lodestone.ending import ended_by_kill, told_to_end
from lodestone.takes.take_file import Event, TakeWriter, read_take
from sensors import open_source
from sensors.recording import RecordingWriter, read_recording
from tests.support.kills.commands import RecordTake

SIGNALS = [signal.SIGHUP, signal.SIGTERM, signal.SIGINT]


class Signals:
    """Tells this process to end after so long; a terminal that closes does three times in a row."""

    def __init__(self, number: signal.Signals, after_s: float) -> None:
        self.after_s, self.number = after_s, number
        self._thread = threading.Thread(target=self._send)

    def _send(self) -> None:
        time.sleep(self.after_s)
        for _ in range(3 if self.number == signal.SIGHUP else 1):
            os.kill(os.getpid(), self.number)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._thread.join()


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_take_is_whole_wherever_in_a_message_the_end_comes(tmp_path: Path, number: signal.Signals) -> None:
    rng = np.random.default_rng(2)
    for _ in range(60):
        path = tmp_path / "evening.take"
        # Longer than a packer's buffer, so that most of the time goes into writing.
        values = tuple(rng.normal(size=400).tolist())
        path.unlink(missing_ok=True)
        sent = Signals(number, float(rng.uniform(0.0, 0.01)))
        with told_to_end() as told, sent, TakeWriter(path, {}) as writer:
            while not told():
                writer.add(Event(float(writer.events), "/latent", values))
            count = writer.events
        take = read_take(path)
        assert take.damage is None
        assert len(take.events) == count


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_recording_is_whole_wherever_in_a_block_the_end_comes(
    tmp_path: Path, number: signal.Signals
) -> None:
    with open_source("sim:first-sound") as source:
        frame = next(iter(source))
    for after in np.linspace(0.0, 0.02, 30):
        path = tmp_path / "evening.lodestone"
        path.unlink(missing_ok=True)
        sent = Signals(number, float(after))
        with told_to_end() as told, sent, RecordingWriter(path, {}) as writer:
            while not told():
                writer.add(frame)
            count = writer.frames
        recording = read_recording(path)
        assert recording.damage is None
        assert len(recording.records) == count


def test_record_keeps_a_whole_take_where_the_terminal_closes_within_a_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a message's place in the checksum and its place in the file."""
    counted, calls = zlib.crc32, []

    def closed_within(data: bytes, value: int = 0) -> int:
        calls.append(len(data))
        if len(calls) == 3:
            os.kill(os.getpid(), signal.SIGHUP)
        return counted(data, value)

    with monkeypatch.context() as patch:
        patch.setattr(zlib, "crc32", closed_within)
        RecordTake().act(tmp_path)
    take = read_take(tmp_path / "a.take")
    assert take.damage is None
    assert 0 < len(take.events) < RecordTake.packets


def test_the_second_word_of_a_terminal_does_not_break_the_closing() -> None:
    closed = []

    def close() -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGTERM)
        closed.append(True)

    def ended() -> None:
        with ended_by_kill(), ExitStack() as stack:
            stack.callback(close)
            os.kill(os.getpid(), signal.SIGHUP)

    with pytest.raises(KeyboardInterrupt):
        ended()
    assert closed


def test_a_second_ctrl_c_frees_a_player_who_waits_for_what_hangs() -> None:
    with told_to_end() as told:
        os.kill(os.getpid(), signal.SIGINT)
        assert told()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("ending", [ended_by_kill, told_to_end])
def test_a_command_under_nohup_outlives_its_terminal(
    ending: Callable[[], AbstractContextManager[object]],
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
