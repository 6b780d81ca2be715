"""What can go wrong in making a release."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from errors import LodestoneError


class ReleaseError(LodestoneError):
    """A release could not be made, or is not what it must be."""


def run(command: Sequence[str | Path], cwd: Path | None = None, env: Mapping[str, str] | None = None) -> str:
    """What a program writes. Raises ReleaseError with its last words where it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()[-2000:]
        raise ReleaseError(f"{' '.join(words)[:200]} to succeed", said, "see what it says")
    return done.stdout
