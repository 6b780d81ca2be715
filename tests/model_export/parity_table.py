"""Prints the table of docs/export.md: every model, its largest error against PyTorch, frames, latents.

.venv/bin/python -m tests.model_export.parity_table
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import model_export
from graphs.card import read_card
from tests.model_export.conftest import FOREIGN_MODELS, MODELS
from tests.model_export.golden_vectors import golden, play, relative_error
from tests.support import archives


def row(name: str) -> str:
    """One model at one frame a call."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{name}.ts"
        data = archives.plain(name)
        if data is None:
            sys.exit(f"parity_table: wanted {archives.packed(name)}, got none: {archives.HOW}")
        path.write_bytes(data)
        model = model_export.export(path)
    card, take = read_card(model), golden(name)
    error = relative_error(play(model, take), take.audio)
    cells = [name, f"{error:.1e}", str(len(take.latents)), str(card.latents), str(card.channels)]
    return "| " + " | ".join([*cells, str(card.hop), f"{card.delay_ms:.1f}"]) + " |"


def main() -> None:
    print("| model | largest error | frames | latents | channels | hop | delay, ms |")
    print("|---|---|---|---|---|---|---|")
    for name in [*MODELS, *FOREIGN_MODELS]:
        print(row(name), flush=True)


if __name__ == "__main__":
    main()
