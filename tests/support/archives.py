"""Archives as upstream's exporter writes them: made on this machine by `voices/fixtures/build.sh`; none is in
the repository, because their code is upstream's (docs/licences.md).
"""

from __future__ import annotations

import lzma
import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "out" / "fixtures"
REQUIRED = os.environ.get("LODESTONE_FIXTURES") == "required"
HOW = "voices/fixtures/build.sh makes upstream's archives"


def packed(name: str) -> Path:
    """Where the archive of one configuration lies, packed by xz; it may not be there."""
    return FOLDER / f"{name}.ts.xz"


def plain(name: str) -> bytes | None:
    """The archive as its exporter wrote it, or None where nobody made it."""
    path = packed(name)
    return lzma.decompress(path.read_bytes()) if path.is_file() else None
