"""Where the player's files lie when a command is not told otherwise."""

from __future__ import annotations

from pathlib import Path

CALIBRATION = Path("lodestone.calibration.json")
TAUGHT = Path("lodestone.taught.json")
