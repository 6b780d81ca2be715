"""deploy.sh against a board in a folder: every way it can fail leaves the previous version playing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from lodestone.image import ROOT
from tests.board.fake_board import FakeBoard


@pytest.fixture
def board(tmp_path: Path) -> FakeBoard:
    made = FakeBoard(tmp_path / "board")
    first = made.deploy("--image", made.image("first"))
    assert first.returncode == 0, first.stderr
    assert made.playing() == made.installed() == "first"
    return made


def test_a_new_version_takes_over_and_the_old_one_is_kept(board: FakeBoard) -> None:
    done = board.deploy("--image", board.image("second"))
    assert done.returncode == 0, done.stderr
    assert board.playing() == board.installed() == "second"
    assert "second" in done.stdout
    versions = sorted(p.name for p in (board.folder / "versions").glob("ready.*"))
    assert len(versions) == 2
    assert (board.folder / "startup").read_text() == "ACTIVE=1\nPROJECT=lodestone\nARGS=-p 128"
    assert not list((board.folder / "versions").glob("incoming.*"))


def test_only_what_a_change_reaches_is_compiled(board: FakeBoard) -> None:
    def compiled(image: Path) -> set[str]:
        before = len(events.read_text().splitlines())
        assert board.deploy("--image", image).returncode == 0
        return {e.split()[1] for e in events.read_text().splitlines()[before:] if e.startswith("compiled ")}

    events = board.folder / "events"
    one, two = '#include "firmware/one.h"', '#include "firmware/two.h"'
    parts = {"one_cpp": one, "two_cpp": two, "one_h": "// 1", "two_h": "// 2"}
    assert compiled(board.image("whole", **parts)) == {"firmware/one.cpp", "firmware/two.cpp"}
    assert compiled(board.image("plans", **parts)) == set()
    assert compiled(board.image("source", "// two", **parts)) == {"render.cpp"}
    assert compiled(board.image("header", "// two", **{**parts, "two_h": "// 3"})) == {"firmware/two.cpp"}
    del parts["one_cpp"]
    assert compiled(board.image("fewer", "// two", **{**parts, "two_h": "// 3"})) == set()
    assert not (board.folder / "versions" / "current" / "build" / "firmware" / "one.o").exists()
    (board.folder / "Bela" / "include").mkdir()
    (board.folder / "Bela" / "include" / "Bela.h").write_text(
        "// a new image of Bela's\nint Bela_stopRequested();\n"
    )
    assert compiled(board.image("tools", "// two", **parts)) == {"render.cpp", "firmware/two.cpp"}


def test_rollback_and_back_again(board: FakeBoard) -> None:
    assert board.deploy("--image", board.image("second")).returncode == 0
    assert board.deploy("--rollback").returncode == 0
    assert board.playing() == board.installed() == "first"
    assert board.deploy("--rollback").returncode == 0
    assert board.playing() == board.installed() == "second"


def test_rollback_without_a_version_before(board: FakeBoard) -> None:
    done = board.deploy("--rollback")
    assert (done.returncode, board.playing()) == (1, "first")
    assert "found none" in done.stderr


def test_dry_run_status_logs_stop(board: FakeBoard) -> None:
    before = sorted(str(p) for p in (board.folder / "versions").rglob("*"))
    assert board.deploy("--dry-run", "--image", board.image("second")).returncode == 0
    assert sorted(str(p) for p in (board.folder / "versions").rglob("*")) == before
    assert "first" in board.deploy("--status").stdout
    assert board.deploy("--logs").returncode == 0
    assert board.deploy("--stop").returncode == 0
    assert board.playing() == ""


def test_no_boot(board: FakeBoard) -> None:
    assert board.deploy("--no-boot", "--image", board.image("second")).returncode == 0
    assert board.playing() == "second"
    assert (board.folder / "startup").read_text() == "ACTIVE=0\n"


def test_it_tells_how_far_the_build_is(board: FakeBoard) -> None:
    """On a terminal; nothing of it goes into a pipe."""
    (board.folder / "compile-seconds").write_text("2.5")
    command = [ROOT / "deploy.sh", "--image", board.image("second", "// two", one_cpp="// 1")]
    ours, theirs = os.openpty()
    assert subprocess.run(command, env=board.environment(), stderr=theirs).returncode == 0
    os.close(theirs)
    assert b"0 of 2 sources" in os.read(ours, 4096)
    os.close(ours)
    assert "sources" not in board.deploy("--image", board.image("third", "// three")).stderr


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


def test_a_full_disk(board: FakeBoard) -> None:
    df = board.folder / "bin" / "df"
    df.write_text("#!/bin/bash\necho head\necho fs 1000 900 100 90% /\n")
    df.chmod(0o755)
    done = board.deploy("--image", board.image("second"))
    assert (done.returncode, board.playing()) == (1, "first")
    assert "MB free" in done.stderr


def test_a_disk_that_fills_while_copying(board: FakeBoard) -> None:
    rsync = board.folder / "bin" / "rsync"
    rsync.write_text("#!/bin/bash\necho 'No space left on device' >&2\nexit 11\n")
    rsync.chmod(0o755)
    done = board.deploy("--image", board.image("second"))
    assert (done.returncode, board.playing(), board.installed()) == (1, "first", "first")
    assert "copying broke off" in done.stderr


def test_a_board_without_rsync(board: FakeBoard) -> None:
    few = board.folder / "few"
    few.mkdir()
    (few / "bash").symlink_to("/bin/bash")
    (board.folder / "board-path").write_text(str(few))
    done = board.deploy("--image", board.image("second"))
    assert (done.returncode, board.playing(), board.installed()) == (1, "first", "first")
    assert done.stderr == "deploy: wanted rsync on the board, found none: install it there\n"


def test_a_script_that_lies_alone(board: FakeBoard, tmp_path: Path) -> None:
    alone = tmp_path / "deploy.sh"
    alone.write_text((ROOT / "deploy.sh").read_text())
    done = subprocess.run(
        ["bash", alone, "--status"], capture_output=True, text=True, env=board.environment()
    )
    assert done.returncode == 1
    assert "deploy: wanted bela_project/on_board.sh beside this script" in done.stderr.splitlines()[-1]


def test_an_image_that_was_changed_and_a_folder_that_is_none(board: FakeBoard, tmp_path: Path) -> None:
    image = board.image("second")
    (image / "plans" / "name").write_text("changed\n")
    assert "a changed one" in board.deploy("--image", image).stderr
    assert "wanted an image folder" in board.deploy("--image", tmp_path).stderr
    assert board.playing() == "first"


def test_nobody_there(board: FakeBoard) -> None:
    done = board.deploy("--image", board.image("second"), "elsewhere")
    assert done.returncode == 1
    assert "nobody answered ssh" in done.stderr


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


def test_an_unknown_option_is_one_line(board: FakeBoard) -> None:
    done = board.deploy("--fast")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


def test_the_scripts_are_sound_and_every_function_is_short() -> None:
    for script in (ROOT / "deploy.sh", ROOT / "bela_project" / "on_board.sh"):
        assert subprocess.run(["bash", "-n", script]).returncode == 0
        begun = 0
        for number, line in enumerate(script.read_text().splitlines()):
            begun = number if line.endswith("() {") else begun
            assert line != "}" or number - begun < 30, f"{script}:{begun + 1}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "root@board: Permission denied (publickey,password).",
            "deploy: wanted to log in as root at board, got: root@board: Permission denied "
            "(publickey,password).: set a key with `ssh-copy-id root@board`",
        ),
        (
            "Host key verification failed.",
            "forget the old one with `ssh-keygen -R board`",
        ),
    ],
)
def test_a_board_that_does_not_let_us_in_is_not_a_cable(board: FakeBoard, said: str, told: str) -> None:
    (board.folder / "ssh-says").write_text(f"Warning: something\n{said}\n")
    done = board.deploy("--status", "board")
    assert done.returncode == 1
    assert told in done.stderr
    assert "cable" not in done.stderr


def test_what_ssh_says_is_passed_on(board: FakeBoard) -> None:
    (board.folder / "ssh-says").write_text("ssh: Could not resolve hostname board\n")
    done = board.deploy("--status", "board")
    assert done.stderr.endswith("ssh said:\n  board: ssh: Could not resolve hostname board\n")


def few_tools(board: FakeBoard, *without: str) -> str:
    """A PATH with this machine's tools but those."""
    few = board.folder / "few-tools"
    few.mkdir()
    tools = "bash cat dirname date cut wc sed awk tail head env printf seq sleep ls rm mkdir timeout xargs"
    for tool in (*tools.split(), "rsync", "sha256sum", "shasum", "ssh"):
        at = shutil.which(tool)
        if at is not None and tool not in without:
            (few / tool).symlink_to(at)
    return str(few)


def test_a_computer_without_rsync_or_checksums(board: FakeBoard) -> None:
    image = board.image("second")
    done = board.deploy("--image", image, PATH=few_tools(board, "rsync"))
    assert done.stderr == "deploy: wanted rsync on this computer, found none: install it\n"
    shutil.rmtree(board.folder / "few-tools")
    done = board.deploy("--image", image, PATH=few_tools(board, "sha256sum", "shasum"))
    assert "wanted sha256sum or shasum on this computer, found neither" in done.stderr
    assert board.calls() == 0


def test_a_board_without_checksums_or_with_an_old_core(board: FakeBoard) -> None:
    few = board.folder / "few"
    few.mkdir()
    for tool in ("bash", "rsync", "grep"):
        (few / tool).symlink_to(str(shutil.which(tool)))
    (board.folder / "board-path").write_text(str(few))
    done = board.deploy("--image", board.image("second"))
    assert done.stderr == "deploy: wanted sha256sum on the board, found none: install coreutils there\n"
    (board.folder / "Bela" / "include").mkdir()
    (board.folder / "Bela" / "include" / "Bela.h").write_text("extern int gShouldStop;\n")
    done = board.deploy("--image", board.image("third"))
    assert "deploy: wanted a Bela core of May 2020 or later, found an older one in " in done.stderr
    assert board.playing() == "first"


def test_a_clock_that_cannot_be_set(board: FakeBoard) -> None:
    date = board.folder / "bin" / "date"
    there = '"-u -s"*) exit 1 ;; "-u +%s") [ -n "$SSH_STEP" ] && echo 1 && exit ;;'
    date.write_text(f'#!/bin/bash\ncase "$*" in {there} esac\nexec /bin/date "$@"\n')
    date.chmod(0o755)
    done = board.deploy("--image", board.image("second"))
    assert (done.returncode, board.playing()) == (1, "first")
    assert "deploy: wanted the board's clock at " in done.stderr


def test_an_rsync_that_knows_few_options_copies_everything(board: FakeBoard) -> None:
    """As openrsync, which ends with 1 at an option that it does not know."""
    rsync = board.folder / "bin" / "rsync"
    rsync.write_text(
        f'#!/bin/bash\n[[ $1 = -r || $1 = --server ]] || exit 1\nexec {shutil.which("rsync")} "$@"\n'
    )
    rsync.chmod(0o755)
    done = board.deploy("--image", board.image("second"))
    assert done.returncode == 0, done.stderr
    assert board.playing() == board.installed() == "second"


def test_a_rollback_keeps_no_boot(board: FakeBoard) -> None:
    assert board.deploy("--no-boot", "--image", board.image("second")).returncode == 0
    assert board.deploy("--rollback").returncode == 0
    assert board.playing() == "first"
    assert (board.folder / "startup").read_text() == "ACTIVE=0\n"


def test_a_path_with_spaces(board: FakeBoard, tmp_path: Path) -> None:
    folder = tmp_path / "my instruments"
    (folder / "bela_project").mkdir(parents=True)
    for name in ("deploy.sh", "bela_project/on_board.sh"):
        shutil.copy(ROOT / name, folder / name)
    image = shutil.copytree(board.image("second"), folder / "an image")
    command = ["bash", folder / "deploy.sh", "--image", image]
    done = subprocess.run(command, capture_output=True, text=True, env=board.environment(), timeout=120)
    assert done.returncode == 0, done.stderr
    assert board.playing() == "second"


def test_the_scripts_keep_to_bash_3_2() -> None:
    """macOS has that one: no associative arrays, case folding, mapfile, |&, negative indices, or ;& there."""
    newer = re.compile(
        r"declare -A|\$\{\w+(,,|\^\^|@)|\bmapfile\b|\breadarray\b|\|&|;&|\bcoproc\b|\[-1\]|&>>"
    )
    found = [line for line in (ROOT / "deploy.sh").read_text().splitlines() if newer.search(line)]
    assert found == []
