"""Where the player's files lie when a command is not told otherwise."""

from __future__ import annotations

from pathlib import Path

import platformdirs

CALIBRATION = Path("lodestone.calibration.json")
TAUGHT = Path("lodestone.taught.json")
GRAPHS = platformdirs.user_cache_path("lodestone", appauthor=False) / "voices"
"""Graphs made of voices, kept for every folder that the player works in."""
KEPT_IN = "the user's cache folder"
"""How help tells of it: its name is another on every computer."""
