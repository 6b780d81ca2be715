"""Taking archives apart and putting damaged ones together."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path


def entries(path: Path) -> dict[str, bytes]:
    """Every entry of a zip file."""
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def packed(files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file of these entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def write(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    """The same, written to a file."""
    path.write_bytes(packed(files, method))
    return path


def entry(files: Mapping[str, bytes], ending: str) -> str:
    """The full name of the one entry that ends so."""
    (name,) = [name for name in files if name.endswith(ending)]
    return name


class Evil:
    """An object whose unpickling would create a file."""

    def __init__(self, victim: Path) -> None:
        self._victim = victim

    def __reduce__(self) -> tuple[object, tuple[str, str]]:
        return open, (str(self._victim), "w")


def evil_pickle(victim: Path) -> bytes:
    """A protocol 2 pickle that runs code when loaded by Python's own unpickler."""
    return pickle.dumps({"model": Evil(victim)}, protocol=2)
