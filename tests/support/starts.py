"""Starts of the whole firmware, each with its own order of wake-ups."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.tiny import SIM

SECONDS = 0.3
"""A task is at most 50 ms late; render() then asks for it in its next block."""
LOOPS = {"touch": "lodestone-touch", "OSC": "lodestone-control", "files": "lodestone-files"}


@dataclass
class Starts:
    """What became of them.

    Attributes:
        starts: how many there were.
        hard: in how many of them a wake-up of one of the three loops was lost.
        without: seeds of the starts that ended without a loop, by what it does.
    """

    starts: int = 0
    hard: int = 0
    without: dict[str, list[int]] = field(default_factory=lambda: {loop: [] for loop in LOOPS})

    @property
    def good(self) -> bool:
        """Whether every start ended with all three."""
        return not any(self.without.values())


def start(image: Path, folder: Path, seeds: Iterable[int], program: Path = SIM) -> Starts:
    """Starts an image once for each seed, in simulated time; `folder` is for what a run leaves."""
    found, stats = Starts(), folder / "stats.json"
    options = ["--bus", "i2c:/dev/i2c-none", "--seconds", str(SECONDS), "--stats", str(stats)]
    for seed in seeds:
        stats.unlink(missing_ok=True)
        run = [str(program), str(image), *options, "--start-seed", str(seed)]
        done = subprocess.run(run, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"seed {seed}: {done.stderr}"
        tasks = json.loads(stats.read_text())["tasks"]
        found.starts += 1
        found.hard += any(tasks[task]["lost_wake_ups"] > 0 for task in LOOPS.values())
        for loop, task in LOOPS.items():
            if not tasks[task]["at_work"]:
                found.without[loop].append(seed)
    return found
