"""A calibration meets a full disk, on the laptop and on the board: one line, and the old one in force."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from calibration import Calibration, load, redo, save, undo
from calibration.file import kept_files
from lodestone.board import Board, BoardError
from lodestone.delivery import deliver, in_force
from tests.lodestone import test_gig_path
from tests.lodestone.test_gig_path import HERE, Gig
from tests.support.tiny import touch_plan

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="preloading as Linux does it")
SIMULATED = ("--simulate", "--seed", "1")
SHIM = Path(__file__).parents[1] / "attacks" / "full_disk.c"
Made = tuple[Path, Calibration, Path, int]
made_once, gig = test_gig_path.made_once, test_gig_path.gig


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preloaded disk, built."""
    library = tmp_path_factory.mktemp("shim") / "libfull.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl"], check=True)
    return library


@pytest.fixture
def disk(shim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What makes it full, for the programs that are started from here, once it exists."""
    monkeypatch.setenv("LODESTONE_FULL_BELOW", str(tmp_path.resolve()))
    monkeypatch.setenv("LD_PRELOAD", str(shim))
    return tmp_path.with_name(tmp_path.name + ".full")


@pytest.mark.parametrize(
    "words",
    [
        ["calibrate", *SIMULATED, "--out", "c.json", "--skip", "empty board", "--skip", "free play"],
        ["calibration", "apply", "new.json", "--to", "c.json"],
        ["calibration", "redo", "c.json"],
    ],
    ids=["calibrate", "apply", "redo"],
)
def test_the_laptop(disk: Path, tmp_path: Path, made_once: Made, words: list[str]) -> None:
    made = made_once[1]  # of this board: it stands in for what is skipped
    for name in ("1", "2", "3"):
        save(replace(made, magnet_set=name), tmp_path / "c.json")
    save(replace(made, magnet_set="new"), tmp_path / "new.json")
    run = [sys.executable, "-m", "lodestone"]
    undone = subprocess.run([*run, "calibration", "undo", "c.json"], cwd=tmp_path, check=False)
    assert undone.returncode == 0, "the shim lets through while there is room"
    before = {path.name: path.read_bytes() for path in kept_files(tmp_path / "c.json")}
    disk.touch()
    done = subprocess.run([*run, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    disk.unlink()
    assert done.returncode == 1, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("lodestone: ")]
    assert len(told) == 1
    assert "make room on that disk; what was there before is unchanged" in told[0]
    assert "Traceback" not in done.stderr
    assert {path.name: path.read_bytes() for path in kept_files(tmp_path / "c.json")} == before
    assert load(tmp_path / "c.json").magnet_set == "2"
    assert not list(tmp_path.glob(".*"))
    again = subprocess.run([*run, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_undo(
    disk: Path, tmp_path: Path, made_once: Made, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Where a file may have two names it needs no room, and works. On a card without, all is as it was."""
    if not links:
        monkeypatch.setenv("LODESTONE_NO_LINKS", "1")
    force = tmp_path / "c.json"
    for name in ("1", "2", "3"):
        save(replace(made_once[1], magnet_set=name), force)
    undo(force)
    disk.touch()
    words = [sys.executable, "-m", "lodestone", "calibration", "undo", "c.json"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    disk.unlink()
    assert done.returncode == (0 if links else 1), done.stderr
    assert load(force).magnet_set == ("1" if links else "2")
    assert {load(path).magnet_set for path in kept_files(force)} == {"1", "2", "3"}
    assert not list(tmp_path.glob(".*"))
    if not links:
        assert "make room on that disk; what was there before is unchanged" in done.stderr
        assert len(done.stderr.splitlines()) == 1
        undo(force)
    assert load(force).magnet_set == "1"
    assert [redo(force) and load(force).magnet_set for _ in "23"] == ["2", "3"]


def test_the_board(disk: Path, gig: Gig) -> None:
    """Its card takes the half of a plan: the touch before plays on, and with room again the new one comes."""
    old, new = touch_plan(first=2), touch_plan(first=4)
    with Board(HERE, gig.port, 10.0) as board:
        deliver(board, [("one", old)])
        crc = in_force(board, 0).crc
        disk.touch()
        with pytest.raises(BoardError, match="wanted room for a touch plan") as refused:
            deliver(board, [("one", new)])
        assert "\n" not in str(refused.value)
        assert (in_force(board, 0).crc, in_force(board, 0).before) == (crc, 1)
        with pytest.raises(BoardError):
            deliver(board, [("one", new)])
        disk.unlink()
        assert board.status.underruns == 0
        deliver(board, [("one", new)])
        assert in_force(board, 0).before == 2
    assert gig.instrument.process is not None
    maps = Path(f"/proc/{gig.instrument.process.pid}/maps").read_text()
    assert "libfull.so" in maps, "the board has this disk"
