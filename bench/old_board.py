"""What an earlier commit does on a board as hard as Bela: `python -m bench.old_board [--commit 9a7586c]`.

Builds that commit's firmware with the core of the virtual board, for this machine, and lets it do what fails
on a Bela, on a hard core and on one that is kind in the one way that hid it: compile with a header of before
August 2020, start where wake-ups come too early, prove a version beside the one that plays. `--commit HEAD`
shows this one, whose self-test is no Bela program. Exit 1 where a commit with the old self-test passes hard.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lodestone.image import ROOT
from tests.support.hard_core import Core, build, header_lines

STARTS = 10
CONF = "format = lodestone-board 1\nbus = i2c:/dev/i2c-none\nosc_port = {port}\nosc_target = 127.0.0.1:{to}\n"


def take(commit: str, folder: Path) -> Path:
    """The files of a commit, in `folder`."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True)
    if archive.returncode != 0:
        raise SystemExit(f"wanted the commit {commit}, got: {archive.stderr.decode().strip()}")
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def made_of(source: Path, folder: Path) -> Core:
    """Its program with the hard core."""
    if (source / "definitions" / "__main__.py").is_file():
        subprocess.run(["python3", "-m", "definitions"], cwd=source, check=True, capture_output=True)
    rooms = ("engine", "chips", "osc", "instrument", "platform")
    sources = [p for room in rooms for p in sorted((source / "firmware" / room).glob("*.cpp"))]
    sources.append(source / "bela_project" / "render.cpp")
    return Core(build(folder, sources, f"-I{source}", "-DIS_AM62", "-w"))


@contextmanager
def playing(core: Core, port: int, to: int) -> Iterator[subprocess.Popen[str]]:
    """The program, started in a folder with its settings; ended afterwards."""
    (core.folder / "board.conf").write_text(CONF.format(port=port, to=to))
    with subprocess.Popen(
        [core.program, "-p", "64"],
        cwd=core.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)


def answers(core: Core) -> bool:
    """Whether its control loop, which tells the status once a second, runs after a start."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
        ear.bind(("127.0.0.1", 0))
        ear.settimeout(3.0)
        with playing(core, 17564, ear.getsockname()[1]):
            until = time.monotonic() + 3.0
            while time.monotonic() < until:
                try:
                    if ear.recv(2048).startswith(b"/status"):
                        return True
                except TimeoutError:
                    break
    return False


def second_program(core: Core) -> bool:
    """Whether a self-test by `--board Batch` begins while the program plays."""
    with playing(core, 17564, 17565):
        time.sleep(1.0)
        options = ["--board", "Batch", "--codec-mode", "i=100,s=1"]
        done = subprocess.run(
            [core.program, *options], cwd=core.folder, capture_output=True, text=True, timeout=60
        )
    return "already running" not in done.stdout + done.stderr


def compiles(source: Path, folder: Path, *kindness: str) -> bool:
    """Whether its render.cpp compiles with a board's header."""
    folder.mkdir()
    (folder / "Bela.h").write_text(header_lines(kindness))
    command = ["g++", "-std=c++14", "-fsyntax-only", "-w", f"-I{folder}", f"-I{source}"]
    return (
        subprocess.run([*command, source / "bela_project" / "render.cpp"], capture_output=True).returncode
        == 0
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="An earlier commit on a hard board.")
    parser.add_argument("--commit", default="9a7586c")
    commit = parser.parse_args().commit
    with tempfile.TemporaryDirectory(prefix="old-board-") as name:
        folder = Path(name)
        source = take(commit, folder / "source")
        core = made_of(source, folder / "board")

        def kind(*switches: str) -> Core:
            core.be_kind(*switches)
            return core

        def starts(*switches: str) -> str:
            return f"{sum(answers(kind(*switches)) for _ in range(STARTS))} of {STARTS}"

        old = "--board Batch" in _steps(source)
        rows = [
            (
                "its header compiles",
                compiles(source, folder / "a"),
                compiles(source, folder / "b", "offline-flag"),
            ),
            ("starts with a loop for commands", starts(), starts("lost-wake-ups")),
        ]
        if old:
            hard = second_program(kind("names")), second_program(kind("names", "one-program"))
            rows.append(("a self-test beside the version that plays", *hard))
    print(f"{commit:44}{'hard':>10}{'kind':>10}")
    for what, hard_core, kind_core in rows:
        print(f"{what:44}{_word(hard_core):>10}{_word(kind_core):>10}")
    if not old:
        print("its self-test is a program without Bela's audio: nothing refuses it")
    passed = all(row[1] in (True, f"{STARTS} of {STARTS}") for row in rows)
    raise SystemExit(1 if old and passed else 0)


def _steps(source: Path) -> str:
    scripts = (source / "bela_project").rglob("*.sh")
    return "\n".join(script.read_text() for script in scripts)


def _word(found: object) -> str:
    return {True: "yes", False: "no"}.get(found, str(found)) if isinstance(found, bool) else str(found)


if __name__ == "__main__":
    main()
