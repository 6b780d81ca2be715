"""What the world does to a command ends in one line on stderr and exit 1; Ctrl-C in 130."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from errors import LodestoneError
from lodestone.cli import run


def _raise(error: BaseException) -> Callable[[], None]:
    def command() -> None:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (LodestoneError("a", "b", "c"), "wanted a, got b: c"),
        (
            FileNotFoundError(2, "No such file", "/no/where"),
            "to use /no/where, got No such file: check",
        ),
        (OSError(28, "No space left on device"), "got No space left on device: make room"),
        (OSError("odd"), "got odd"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "text in UTF-8"),
        (MemoryError(), "memory for that"),
        (RecursionError(), "sane depth"),
        (OverflowError("too large"), "sane size, got too large"),
    ],
)
def test_trouble_of_the_world_is_one_line(
    capsys: pytest.CaptureFixture[str], error: BaseException, says: str
) -> None:
    assert run(_raise(error)) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert re.match(r"lodestone: wanted .*, got .*: .*", lines[0])
    assert says in lines[0]


def test_stopping_and_ending_have_their_own_status() -> None:
    assert run(_raise(KeyboardInterrupt())) == 130
    assert run(_raise(SystemExit(2))) == 2
    assert run(_raise(SystemExit(None))) == 0
    assert run(lambda: None) == 0


def lodestone(*words: str, **others: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "lodestone", *words]
    return subprocess.run(command, capture_output=True, check=False, timeout=120, **others)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    "words",
    [
        ("status", "--port", "0"),
        ("status", "--port", "65536"),
        ("play", "--seed", "-1"),
        ("play", "--seconds", "nan"),
        ("sensors", "check", "--seconds", "nan"),
        ("sensors", "watch", "--seconds", "inf"),
        ("calibrate", "--simulate", "--seed", "99999999999"),
        ("knob", "reach", "nan"),
    ],
)
def test_the_parser_refuses_nonsense(words: tuple[str, ...]) -> None:
    done = lodestone(*words)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("locale", ["C", "de_DE.ISO-8859-1"])
def test_output_works_in_any_locale(locale: str) -> None:
    env = {**os.environ, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = lodestone("sensors", "check", "--bus", "sim:empty", "--seconds", "0.5", env=env)
    assert b"Traceback" not in done.stderr
    assert rb"\xb0C" in done.stdout or "µ".encode() in done.stdout
    assert done.returncode == 0


def test_a_reader_that_goes_and_a_full_disk_leave_no_traceback() -> None:
    gone, ours = os.pipe()
    os.close(gone)
    with open("/dev/full", "wb") as full:
        for out in (ours, full.fileno()):
            done = subprocess.run(
                [sys.executable, "-m", "lodestone", "voices"], stdout=out, stderr=subprocess.PIPE, check=False
            )
            assert (done.returncode, b"Traceback" in done.stderr, b"Exception" in done.stderr) == (
                1,
                False,
                False,
            )
    os.close(ours)


def test_a_performance_that_is_stopped_leaves_a_whole_wav(tmp_path: Path) -> None:
    from lodestone import wav
    from tests.support.tiny import image

    made = image(tmp_path)
    sound = tmp_path / "a.wav"
    simulator = Path(__file__).parents[2] / "firmware" / "lodestone-sim"
    command = [simulator, made, "--bus", "i2c:/dev/i2c-9", "--seconds", "300", "--wav", sound]
    played = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(600):
        time.sleep(0.1)  # another process is waited for: there is no clock to hand in
        if sound.exists() and sound.stat().st_size > 1_000_000:
            break
    played.send_signal(signal.SIGTERM)  # as little asked as by Ctrl-C, which a background job is spared
    played.wait(timeout=60)
    rate, samples = wav.read(sound)
    assert rate == 44100
    assert len(samples) * 8 > 900_000
