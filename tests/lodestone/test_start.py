"""What a command does not need it does not load: a player waits for it every time."""

from __future__ import annotations

import subprocess
import sys

START = """
import sys
import lodestone.cli, model_export.export, voices.atlas, voices.catalogue, voices.measure
lodestone.cli.build_app()
print("scipy.signal" in sys.modules)
"""


def test_filters_are_loaded_where_sound_is_filtered() -> None:
    """They take as long as the rest of a start."""
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
