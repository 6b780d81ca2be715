"""deploy.sh on computers unlike this one: old shells, other tools, folders with spaces."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from lodestone.image import ROOT
from tests.board.fake_board import FakeBoard

SCRIPTS = (ROOT / "deploy.sh", *sorted((ROOT / "bela_project" / "on_board").glob("*.sh")))


def test_the_scripts_are_sound_and_every_function_is_short() -> None:
    for script in SCRIPTS:
        assert subprocess.run(["bash", "-n", script]).returncode == 0
        begun = 0
        for number, line in enumerate(script.read_text().splitlines()):
            begun = number if line.endswith("() {") else begun
            assert line != "}" or number - begun < 30, f"{script}:{begun + 1}"


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


def test_a_path_with_spaces(board: FakeBoard, tmp_path: Path) -> None:
    folder = tmp_path / "my instruments"
    folder.mkdir()
    shutil.copy(ROOT / "deploy.sh", folder)
    shutil.copytree(ROOT / "bela_project", folder / "bela_project")
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


def test_bash_in_posix_mode_and_shasum(board: FakeBoard) -> None:
    """As on macOS: no GNU checksums, and a shell without what newer ones add."""
    few = board.folder / "mac"
    few.mkdir()
    tools = (
        "bash cat dirname date cut wc sed awk tail head env printf seq sleep ls rm mkdir timeout xargs rsync"
    )
    for tool in tools.split():
        at = shutil.which(tool)
        if at is not None:
            (few / tool).symlink_to(at)
    # shasum -a 256 [-c FILE | FILE], as perl's
    (few / "shasum").write_text(f'#!/bin/bash\nshift 2\nexec {shutil.which("sha256sum")} "$@"\n')
    (few / "shasum").chmod(0o755)
    (board.folder / "board-path").write_text(f"{board.folder / 'bin'}:{os.environ['PATH']}")
    command = ["bash", "--posix", ROOT / "deploy.sh", "--image", board.image("second")]
    environment = board.environment(PATH=str(few))
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    assert board.playing() == board.installed() == "second"
