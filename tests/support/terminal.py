"""A player at a real pseudo-terminal: what a command shows there, and the keys that it gets."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CTRL_C, END = "\x03", "\x04"


class Terminal:
    """A command in a pseudo-terminal of its own, as its controlling terminal; use as a context manager.

    Attributes:
        shown: all that it has shown, without colours.
    """

    def __init__(self, command: Sequence[str], cwd: Path, env: Mapping[str, str] | None = None) -> None:
        self._player, stage = pty.openpty()
        self.shown = ""
        self._seen = 0
        given = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40", **(env or {})}
        self._process = subprocess.Popen(
            command, cwd=cwd, env=given, stdin=stage, stdout=stage, stderr=stage, preexec_fn=_own_terminal
        )
        os.close(stage)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._player)

    def until(self, words: str, seconds: float = 120.0) -> str:
        """What was shown up to `words`, from where the last call ended. Fails where they do not come."""
        end = time.monotonic() + seconds
        while (at := self.shown.find(words, self._seen)) < 0:
            there = time.monotonic() < end and self._read(0.2)
            assert there, f"no {words!r} in\n{self.shown[-2000:]}"
        text = self.shown[self._seen : at + len(words)]
        self._seen = at + len(words)
        return text

    def quiet(self, seconds: float) -> str:
        """What is shown within so many seconds: nothing, where it waits for a key."""
        end, begun = time.monotonic() + seconds, len(self.shown)
        while time.monotonic() < end:
            self._read(0.05)
        return self.shown[begun:]

    def key(self, keys: str) -> None:
        """Types."""
        os.write(self._player, keys.encode())

    def ended(self, seconds: float = 120.0) -> int:
        """The exit status, after all was read."""
        end = time.monotonic() + seconds
        while self._read(0.2):
            assert time.monotonic() < end, self.shown[-2000:]
        return self._process.wait(max(end - time.monotonic(), 0.1))

    def _read(self, seconds: float) -> bool:
        """Takes what there is; False once the command has closed its terminal."""
        if not select.select([self._player], [], [], seconds)[0]:
            return True
        try:
            got = os.read(self._player, 1 << 16)
        except OSError:  # Linux: nobody holds the other end
            return False
        self.shown += _COLOURS.sub("", got.decode(errors="replace"))
        return bool(got)


def _own_terminal() -> None:
    """In the child: a session whose terminal is its standard input, so that Ctrl-C is heard."""
    import fcntl
    import termios

    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
