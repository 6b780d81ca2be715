"""deploy.sh against a board in a folder: what it does there where all goes well."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from lodestone.image import ROOT
from tests.board.fake_board import FakeBoard


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


def test_a_rollback_keeps_no_boot(board: FakeBoard) -> None:
    assert board.deploy("--no-boot", "--image", board.image("second")).returncode == 0
    assert board.deploy("--rollback").returncode == 0
    assert board.playing() == "first"
    assert (board.folder / "startup").read_text() == "ACTIVE=0\n"


def test_the_ides_last_project_is_ours_where_it_is_to_start_with_the_board(board: FakeBoard) -> None:
    """A settings tool of the board starts it at power-on, over what the service plays."""
    ide = board.folder / "Bela" / "IDE" / "settings.json"
    ide.parent.mkdir()
    before = '{\n  "verboseErrors": 0,\n  "project": "my tune",\n  "other": "project"\n}\n'
    ide.write_text(before)
    assert board.deploy("--no-boot", "--image", board.image("second")).returncode == 0
    assert ide.read_text() == before
    for name in ("third", "fourth"):
        assert board.deploy("--image", board.image(name)).returncode == 0
        assert ide.read_text() == before.replace("my tune", "lodestone")
    assert board.deploy("--no-boot", "--image", board.image("fifth")).returncode == 0
    assert ide.read_text() == before
    assert board.deploy("--image", board.image("broken")).returncode == 1
    assert ide.read_text() == before
