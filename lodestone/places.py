"""Where that lies which is no Python: beside the rooms in a checkout, inside an installed package."""

from __future__ import annotations

from pathlib import Path

import firmware
import lodestone

ROOT = Path(lodestone.__file__).parents[1]
KEPT = Path(lodestone.__file__).parent / "kept"
"""What CMakeLists.txt puts into a wheel: `deploy.sh`, `bela_project/`, `page/`, `host/`, the made page."""
SIMULATOR = Path(firmware.__file__).parent / "lodestone-sim"
"""The firmware for this machine, which plays an image against a simulated board."""


def place(name: str) -> Path:
    """The file or folder `name`, as the root of a checkout has it. It may not be there.

    Example:
        >>> place("bela_project").name
        'bela_project'
    """
    kept = KEPT / name
    return kept if kept.exists() else ROOT / name
