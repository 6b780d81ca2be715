"""Archives and golden vectors, unpacked once a session."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
MODELS = sorted(path.name.removesuffix(".ts.xz") for path in GOLDEN.glob("*.ts.xz"))


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the path of a model's `.ts`, as upstream's exporter wrote it."""
    folder = tmp_path_factory.mktemp("archives")

    def unpack(name: str) -> Path:
        path = folder / f"{name}_streaming.ts"
        if not path.exists():
            path.write_bytes(lzma.decompress((GOLDEN / f"{name}.ts.xz").read_bytes()))
        return path

    return unpack
