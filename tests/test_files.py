"""The one way to write a file. `tests/attacks/test_killed.py` kills it at every step."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import files
import files.temporary
from files import FileError
from lodestone.cli import build_app


def test_what_is_no_plain_file_is_written_and_never_replaced(tmp_path: Path) -> None:
    files.write_bytes("/dev/null", b"gone")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(FileError, match=r"wanted to write /dev/full, got No space left on device: make room"):
        files.write_bytes("/dev/full", b"x" * 100_000)


def test_a_pipe_as_the_shell_names_it_is_written(tmp_path: Path) -> None:
    """`lodestone compile … -o /dev/stdout | …`: a link to a name that nobody can open."""
    code = "import files; files.write_bytes('/dev/stdout', b'a plan')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"a plan"), done.stderr


def test_no_command_writes_over_what_it_reads(tmp_path: Path) -> None:
    given, link, command = tmp_path / "a.onnx", tmp_path / "link.onnx", typer.main.get_command(build_app())
    given.write_bytes(b"all that the player has")
    link.symlink_to(given)
    for verb in ("compile", "quantize", "ts", "export", "distil", "render", "score", "patch"):
        with pytest.raises(FileError, match="wanted another file than"):
            command.main([verb, str(given), "-o", str(link)], standalone_mode=False)
    for out in (given, tmp_path / "." / "a.onnx"):
        with pytest.raises(FileError, match="wanted another file than"):
            files.apart(out, tmp_path / "nothing", given)
    assert given.read_bytes() == b"all that the player has"


def test_a_link_stays_and_what_it_points_at_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    files.write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_permissions_stay_and_new_files_have_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("old")
    (tmp_path / "secret").chmod(0o640)
    files.write_text(tmp_path / "secret", "new")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o640
    (tmp_path / "plain").write_text("")
    files.write_text(tmp_path / "ours", "")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain")]
    assert modes[0] == modes[1]


def _until_full(path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
    try:
        files.write_bytes(path, b"x" * 20_000)
    except FileError:
        os._exit(7)
    os._exit(0)


def test_a_disk_that_is_full_leaves_the_file_of_before(tmp_path: Path) -> None:
    (tmp_path / "good.plan").write_text("good")
    child = multiprocessing.get_context("fork").Process(target=_until_full, args=(tmp_path / "good.plan",))
    child.start()
    child.join()
    assert child.exitcode == 7
    assert [p.name for p in tmp_path.iterdir()] == ["good.plan"]
    assert (tmp_path / "good.plan").read_text() == "good"


@pytest.mark.parametrize("name", ["n" * 300, "a" * 250, "no/such\0byte", "folder"])
def test_a_path_that_takes_no_file_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    if name == "a" * 250:  # as long as file systems allow: taken
        files.write_text(tmp_path / name, "x")
        return
    with pytest.raises(FileError):
        files.write_text(tmp_path / name, "x")


def test_the_next_writer_removes_what_a_killed_one_left_and_spares_the_living(tmp_path: Path) -> None:
    dead = tmp_path / ".a.plan.new-0123456789ab.plan"
    dead.write_text("half")
    with files.fresh_file(tmp_path / "a.plan") as living:
        files.write_text(tmp_path / "a.plan", "first")
        assert not dead.exists()
        living.write_text("last")
    assert [p.name for p in tmp_path.iterdir()] == ["a.plan"]
    assert (tmp_path / "a.plan").read_text() == "last"


def _keep_one(path: Path, number: int) -> None:
    files.write_kept(path, f"{number}", kept=9)


def test_eight_who_write_at_once_lose_nothing(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    path = tmp_path / "c.json"
    writers = [fork.Process(target=_keep_one, args=(path, number)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    found = [path.read_text(), *(files.kept_path(path, n).read_text() for n in range(1, 8))]
    assert sorted(found) == [str(n) for n in range(8)]
    assert not files.kept_path(path, 8).exists()


def test_taking_back_checks_first_and_closes_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    assert files.take_back(path, 9, lambda _: None) is None
    for text in ("1", "2", "3", "4"):
        files.write_kept(path, text, kept=9)

    def refuse(previous: Path) -> None:
        raise FileError("a good one", previous.read_text(), "nothing")

    with pytest.raises(FileError, match="got 3"):
        files.take_back(path, 9, refuse)
    assert path.read_text() == "4"
    files.kept_path(path, 1).unlink()
    assert files.take_back(path, 9, lambda _: None) == path
    assert (path.read_text(), files.kept_path(path, 1).read_text()) == ("2", "1")
    assert (tmp_path / "c.json.undone").read_text() == "4"


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with files.fresh_folder(tmp_path / "image") as fresh:
            (fresh / text).write_text(text)
    with pytest.raises(ZeroDivisionError), files.fresh_folder(tmp_path / "image") as fresh:
        (fresh / "half").write_text(str(1 / 0))
    assert [p.name for p in (tmp_path / "image").iterdir()] == ["new"]
    assert [p.name for p in tmp_path.iterdir()] == ["image"]


def test_scratch_goes_at_the_end_and_a_killed_ones_with_the_next(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        with files.scratch_folder(tmp_path / "a") as fresh:
            (fresh / "half").write_text("made")
            os._exit(0)  # as a kill: nothing is cleaned
    os.waitpid(child, 0)
    assert list(tmp_path.rglob("half"))
    with files.scratch_folder(tmp_path / "a") as fresh:
        (fresh / "whole").write_text("new")
        files.put_in_place(fresh / "whole", tmp_path / "b")
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_what_would_never_end_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match=r"a plain file at .*pipe, got a pipe"):
        files.plain_file(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 2_000_000)
    with pytest.raises(FileError, match=r"at most 1 MB in .*large, got 1 MB"):
        files.plain_file(tmp_path / "large", 1 << 20)
    assert files.plain_file(tmp_path / "nowhere") == tmp_path / "nowhere"


def test_a_pipe_that_nobody_reads_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.temporary, "READER_S", 0.1)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(FileError, match="somebody who reads"):
        files.write_bytes(pipe, b"sound")
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE)
    monkeypatch.setattr(files.temporary, "READER_S", 20.0)
    files.write_bytes(pipe, b"sound")
    assert reader.communicate(timeout=20)[0] == b"sound"
