"""What a living instrument takes of the machine."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lodestone.live.instrument import LiveInstrument


def shares(instrument: LiveInstrument) -> tuple[float, float]:
    """Shares of one core since it lives: this process (the world), and the firmware's."""
    lived = max(time.monotonic() - instrument.began_s, 1e-3)
    own = time.process_time() - instrument.began_cpu_s
    assert instrument.process is not None
    return own / lived, process_seconds(instrument.process.pid) / lived


def process_seconds(number: int) -> float:
    """Processor time that a process has taken, s, as Linux tells it; 0 elsewhere."""
    try:
        row = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return 0.0
    return (int(row[11]) + int(row[12])) / os.sysconf("SC_CLK_TCK")
