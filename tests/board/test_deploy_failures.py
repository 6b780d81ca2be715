"""deploy.sh where something goes wrong: the previous version plays on."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lodestone.image import ROOT
from tests.board.fake_board import FakeBoard


def test_a_compile_error(board: FakeBoard) -> None:
    (board.folder / "no-compile").touch()
    done = board.deploy("--image", board.image("second", "// wrong"))
    assert (done.returncode, board.playing(), board.installed()) == (1, "first", "first")
    assert "does not compile there" in done.stderr
    assert "error" in board.deploy("--logs").stdout


def test_a_failing_self_test(board: FakeBoard) -> None:
    done = board.deploy("--image", board.image("untested"))
    assert (done.returncode, board.playing(), board.installed()) == (1, "first", "first")
    assert "self-test failed" in done.stderr


def test_a_version_that_starts_and_does_not_play_is_taken_back(board: FakeBoard) -> None:
    done = board.deploy("--image", board.image("broken"))
    assert (done.returncode, board.playing(), board.installed()) == (1, "first", "first")
    assert "gone back" in done.stderr


def test_a_disk_that_fills_while_copying(board: FakeBoard) -> None:
    rsync = board.folder / "bin" / "rsync"
    rsync.write_text("#!/bin/bash\necho 'No space left on device' >&2\nexit 11\n")
    rsync.chmod(0o755)
    done = board.deploy("--image", board.image("second"))
    assert (done.returncode, board.playing(), board.installed()) == (1, "first", "first")
    assert "copying broke off" in done.stderr


def test_a_cut_at_any_step_leaves_a_whole_version_playing(tmp_path: Path) -> None:
    """Each ssh call in turn does not come through, or is killed in the middle; then all is tried again."""
    steps = 7
    for cut in [c for n in range(1, steps + 1) for c in (str(n), f"{n},half")]:
        board = FakeBoard(tmp_path / f"cut-{cut}")
        assert board.deploy("--image", board.image("first")).returncode == 0
        (board.folder / "compile-seconds").write_text("0.3")
        done = board.deploy("--image", board.image("second", "// two"), LODESTONE_CUT=cut)
        assert board.installed() in ("first", "second"), cut
        assert board.playing() == board.installed() or "half" in cut, cut
        if done.returncode == 0:
            assert board.installed() == "second"
        again = board.deploy("--image", board.image("third", "// three"))
        assert again.returncode == 0, (cut, again.stderr)
        assert board.playing() == board.installed() == "third"
        assert not list((board.folder / "versions").glob("incoming.*"))
    assert board.calls() == steps


@pytest.mark.parametrize("arrived", [200, 900, 2350])
@pytest.mark.parametrize("step", [5, 6], ids=["build", "switch"])
def test_half_a_script_does_nothing(board: FakeBoard, step: int, arrived: int) -> None:
    """The connection is lost while a step is on its way to the board: none of it runs there."""
    versions = board.folder / "versions"
    done = board.deploy("--image", board.image("second"), LODESTONE_CUT=f"{step},{arrived}")
    assert (done.returncode, board.playing(), board.installed()) == (1, "first", "first")
    assert "the connection broke off" in done.stderr
    assert not list((board.folder / "Bela" / "projects").glob("*-trial"))
    assert len(list(versions.glob("incoming.*"))) == (step == 5)


def test_what_another_project_played_comes_back(tmp_path: Path) -> None:
    """The first flash of all, on a board that starts something else, starts and does not play."""
    board = FakeBoard(tmp_path / "board")
    startup = "ACTIVE=1\nPROJECT=tune\nARGS=-p 64"
    (board.folder / "startup").write_text(startup)
    tune = board.folder / "Bela" / "projects" / "tune" / "plans"
    tune.mkdir(parents=True)
    (tune / "name").write_text("tune")
    done = board.deploy("--image", board.image("broken"))
    assert done.returncode == 1
    assert (board.folder / "startup").read_text() == startup
    assert board.playing() == "tune"
    assert not (board.folder / "versions" / "current").exists()


@pytest.fixture
def with_another_lodestone(tmp_path: Path) -> FakeBoard:
    """A board that starts a project of the player's own, which happens to have our name."""
    board = FakeBoard(tmp_path / "board")
    (board.folder / "startup").write_text("ACTIVE=1\nPROJECT=lodestone\nARGS=-p 64")
    own = board.folder / "Bela" / "projects" / "lodestone" / "plans"
    own.mkdir(parents=True)
    (own / "name").write_text("the player's own")
    return board


def test_another_project_of_our_name_comes_back_where_ours_does_not_play(
    with_another_lodestone: FakeBoard,
) -> None:
    board = with_another_lodestone
    projects, startup = board.folder / "Bela" / "projects", (board.folder / "startup").read_text()
    done = board.deploy("--image", board.image("broken"))
    assert (done.returncode, board.playing()) == (1, "the player's own")
    assert (board.folder / "startup").read_text() == startup
    assert [(p.name, p.is_symlink()) for p in projects.iterdir()] == [("lodestone", False)]


def test_another_project_of_our_name_steps_aside_where_ours_plays(with_another_lodestone: FakeBoard) -> None:
    board = with_another_lodestone
    aside = board.folder / "Bela" / "projects" / "lodestone-before-lodestone" / "plans" / "name"
    for name in ("first", "second"):
        assert board.deploy("--image", board.image(name)).returncode == 0
        assert board.playing() == board.installed() == name
        assert aside.read_text() == "the player's own"


def test_taken_back_it_starts_with_the_board_as_before(board: FakeBoard) -> None:
    startup = (board.folder / "startup").read_text()
    assert board.deploy("--no-boot", "--image", board.image("broken")).returncode == 1
    assert (board.folder / "startup").read_text() == startup
    assert board.playing() == "first"


@pytest.mark.parametrize("after_s", [0.05, 0.3, 0.6])
def test_control_c(board: FakeBoard, after_s: float) -> None:
    (board.folder / "compile-seconds").write_text("1")
    image = board.image("second", "// two")
    command = [ROOT / "deploy.sh", "--image", image]
    with subprocess.Popen(
        command, env=board.environment(), stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=60)
    assert board.installed() in ("first", "second")
    assert board.deploy("--image", board.image("third")).returncode == 0
    assert board.playing() == "third"


@pytest.mark.parametrize("after_s", [0.1, 0.4, 0.8])
def test_a_computer_that_is_switched_off_meanwhile(board: FakeBoard, after_s: float) -> None:
    """deploy.sh and its connections are gone at once; the board goes on by itself, or gives up."""
    (board.folder / "compile-seconds").write_text("1")
    command = [ROOT / "deploy.sh", "--image", board.image("second", "// two")]
    with subprocess.Popen(
        command, env=board.environment(), stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        time.sleep(after_s)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
    assert board.installed() in ("first", "second")
    assert board.deploy("--image", board.image("third")).returncode == 0
    assert board.playing() == board.installed() == "third"
