"""A process of ours beside this one: how it is started, and what a stranger's file may take of it."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

SECONDS, MEMORY = 20, 1 << 30
"""Of processor time, and of memory beside four times the file."""
_PAGE = resource.getpagesize()
_RUN = """\
import sys
sys.path[:] = [place for place in sys.path if place]
import runpy
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def module_command(module: str) -> list[str]:
    """What starts a module of ours by this Python, before its words.

    `python -m` would look first into the folder where the player is, which may be a stranger's and have a
    module of that name.
    """
    return [sys.executable, "-c", _RUN, module]


def limit_this_process(file_bytes: int, seconds: int = SECONDS) -> None:
    """From now on this process ends after so many seconds of processor time, and has so much memory more."""
    statm = Path("/proc/self/statm")
    mapped = int(statm.read_text().split()[0]) * _PAGE if statm.exists() else 1 << 32
    memory = mapped + MEMORY + 4 * file_bytes
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
