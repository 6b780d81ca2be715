"""Kills a deed before each of its file operations in turn, and looks at what is left.

    LD_PRELOAD=libdie.so python -m tests.support.kills.killed [--every] SCENE…

A scene is a class of `tests.support.kills.writers` or `commands`. For every number N of operations a
child of this process prepares a folder, begins to count, and does the deed; it dies before operation N.
Then the parent judges the folder, lets another child do the deed to its end, and judges again.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Protocol

KILLED = 137


class Scene(Protocol):
    """What is killed, and what must hold."""

    def prepare(self, folder: Path) -> None:
        """Puts the files of before into the empty `folder`."""

    def act(self, folder: Path) -> None:
        """The deed. It may be killed before any of its operations below `folder`."""

    def judge(self, folder: Path, ended: bool) -> None:
        """Raises AssertionError where the folder is not as before or as after; `ended`: it must be as
        after."""


def shim(folder: Path) -> Path:
    """The counter to preload, built into `folder`. Raises CalledProcessError."""
    library, source = folder / "libdie.so", Path(__file__).with_name("die_before.c")
    command = ["c++", "-x", "c", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return library


def kill_everywhere(scene: Scene, every: bool = False) -> int:
    """Kills `scene` before each operation in turn; with a `stride` before one in so many, if not `every`.

    Returns how many there were, at least. Raises AssertionError.
    """
    number = 1
    while True:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place).resolve()
            scene.prepare(folder)
            killed = _in_child(scene, folder, number) == KILLED
            scene.judge(folder, ended=not killed)
            if not killed:
                return number - 1
            assert _in_child(scene, folder, 0) == 0, f"the deed fails after a kill at operation {number}"
            scene.judge(folder, ended=True)
            left = [p.name for p in folder.rglob(".*")]
            assert not left, f"killed at operation {number}, and {left} stays for good"
        number += 1 if every else int(getattr(scene, "stride", 1))


def _in_child(scene: Scene, folder: Path, number: int) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ctypes.CDLL(None).LodestoneArm(number, os.fsencode(folder))
            scene.act(folder)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    from tests.support.kills import commands, writers

    every = "--every" in sys.argv
    for name in sys.argv[1:]:
        if name == "--every":
            continue
        where = writers if hasattr(writers, name) else commands
        count = kill_everywhere(getattr(where, name)(), every)
        print(f"{name} {count}", flush=True)


if __name__ == "__main__":
    main()
