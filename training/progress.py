"""The rows that a training leaves: in progress.csv of its folder, and on the screen."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FILE = "progress.csv"


def told(run: Path, columns: Sequence[str], row: Mapping[str, Any]) -> None:
    """Appends a row to the file, which gets its heads first, and prints what it holds."""
    path = run / FILE
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns)
        if new:
            writer.writeheader()
        writer.writerow(row)
    print("  ".join(f"{name} {value}" for name, value in row.items() if value != ""), flush=True)
