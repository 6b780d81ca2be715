"""Prints the table of docs/export.md: every model, its largest error against PyTorch, frames, latents.

.venv/bin/python -m tests.model_export.parity_table
"""

from __future__ import annotations

import lzma
import tempfile
from pathlib import Path

import model_export
from graphs.card import read_card
from tests.model_export.conftest import FOREIGN, FOREIGN_MODELS, GOLDEN, MODELS
from tests.model_export.golden_vectors import golden, play, relative_error


def row(folder: Path, name: str) -> str:
    """One model at one frame a call."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{name}.ts"
        path.write_bytes(lzma.decompress((folder / f"{name}.ts.xz").read_bytes()))
        model = model_export.export(path)
    card, take = read_card(model), golden(name)
    error = relative_error(play(model, take), take.audio)
    cells = [name, f"{error:.1e}", str(len(take.latents)), str(card.latents), str(card.channels)]
    return "| " + " | ".join([*cells, str(card.hop), f"{card.delay_ms:.1f}"]) + " |"


def main() -> None:
    print("| model | largest error | frames | latents | channels | hop | delay, ms |")
    print("|---|---|---|---|---|---|---|")
    for folder, names in ((GOLDEN, MODELS), (FOREIGN, FOREIGN_MODELS)):
        for name in names:
            print(row(folder, name), flush=True)


if __name__ == "__main__":
    main()
