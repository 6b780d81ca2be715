"""The command line as a player meets it."""

import subprocess
import sys


def test_help_fits_a_screen() -> None:
    result = subprocess.run([sys.executable, "-m", "lodestone", "--help"], capture_output=True, text=True)
    assert result.returncode == 0
    assert len(result.stdout.splitlines()) <= 50
