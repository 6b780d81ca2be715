"""lodestone-check: what is proved of an image before it takes over, without any audio."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lodestone.image import ROOT
from tests.support.tiny import image, scene, with_sister

CHECK = ROOT / "build" / "lodestone-check"


def check(made: Path, *options: str) -> tuple[int, list[str]]:
    done = subprocess.run([CHECK, *options], cwd=made, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()


def files(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_every_voice_of_every_scene_is_timed_and_nothing_is_written(tmp_path: Path) -> None:
    one = with_sister(scene(tmp_path / "p", "one"), hop=256, title="cheaper")
    made = image(tmp_path, one, scene(tmp_path / "p", "two"), bus="i2c:/dev/i2c-none")
    before = files(made)
    code, said = check(made, "-p", "64")
    assert code == 0
    voices = [line.split()[2:4] for line in said if line.startswith("voice = ")]
    assert voices == [["one", "tiny-512"], ["one", "cheaper"], ["two", "tiny-512"]]
    mean_ms, longest_ms, time_ms = (float(x) for x in said[0].split()[4:])
    assert mean_ms > 0.0
    assert longest_ms > 0.0
    assert time_ms == pytest.approx(1e3 * 512 / 44100, abs=1e-3)
    assert "note: /dev/i2c-none: the I2C device does not exist: enable the bus, or correct its number" in said
    assert files(made) == before


def test_a_voice_of_any_rate_passes_on_a_board_that_runs_at_it(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "high", rate=48000))
    assert check(made, "-p", "16", "-r", "48000")[0] == 0
    code, said = check(made, "-p", "16")
    assert code == 1
    assert "refused: scene high: the voice wants 48000 Hz, the board runs at 44100: set its rate" in said


def test_what_is_refused_is_told_whole(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two"))
    (made / "plans" / "one.voice.plan").write_bytes(b"no plan")
    conf = made / "board.conf"
    conf.write_text(conf.read_text().replace("frame_rate = 200", "frame_rate = many"))
    code, said = check(made)
    refused = [line for line in said if line.startswith("refused: ")]
    assert (code, len(refused)) == (1, 2)
    assert "frame_rate" in refused[0]
    assert "one.voice.plan" in refused[1]
    assert any(line.startswith("voice = two ") for line in said)  # the others are tried all the same
