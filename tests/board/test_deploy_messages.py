"""What deploy.sh says: each thing that is missing or refused in its own sentence, with what to do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lodestone.image import ROOT
from tests.board.fake_board import FakeBoard


def test_a_full_disk(board: FakeBoard) -> None:
    df = board.folder / "bin" / "df"
    df.write_text("#!/bin/bash\necho head\necho fs 1000 900 100 90% /\n")
    df.chmod(0o755)
    done = board.deploy("--image", board.image("second"))
    assert (done.returncode, board.playing()) == (1, "first")
    assert "MB free" in done.stderr


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
    assert "deploy: wanted bela_project/on_board beside this script" in done.stderr.splitlines()[-1]


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


def test_an_unknown_option_is_one_line(board: FakeBoard) -> None:
    done = board.deploy("--fast")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)


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
