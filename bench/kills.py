"""Every writer killed before each of its file operations: `python -m bench.kills [SCENE …]`.

Scenes are the classes of `tests.support.kills.writers` and `commands`; without a name all are killed, one
after the other. Prints before how many operations each died. Exit 1 where one left neither the old file nor
the new, something that cannot be read, or something for good.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.kills import commands, killed, writers

ROOT = Path(__file__).resolve().parents[1]


def scenes() -> list[str]:
    """All that can be killed."""
    return [
        name
        for module in (writers, commands)
        for name, each in vars(module).items()
        if isinstance(each, type) and each.__module__ == module.__name__ and hasattr(each, "act")
        if name != "Command"
    ]


def main(names: list[str]) -> int:
    """Kills them; the exit status."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "LD_PRELOAD": str(killed.shim(Path(folder)))}
        for name in names or scenes():
            began = time.monotonic()
            command = [sys.executable, "-m", "tests.support.kills.killed", "--every", name]
            done = subprocess.run(
                command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
            )
            told = done.stdout.strip() or f"{name} failed\n{done.stderr[-3000:]}"
            print(f"{told} operations, {time.monotonic() - began:.0f} s", flush=True)
            failed += done.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
