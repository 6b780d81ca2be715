"""A voice that was dropped on a page becomes a plan for it."""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

from lodestone.page.errors import PageError
from lodestone.voice_files import voice_graph
from model_export.compiler import compile_plan

KINDS = (".onnx", ".ts")
LARGEST_BYTES = 64_000_000


def plan_of(name: str, data: bytes) -> bytes:
    """The plan of an `.onnx` or `.ts`.

    Args:
        name: of the file; its folder is not looked at.
        data: its bytes.

    Raises:
        LodestoneError: one of its family; it is no voice.
    """
    plain = PurePosixPath(name.replace("\\", "/")).name
    kind = PurePosixPath(plain).suffix.lower()
    if kind not in KINDS:
        raise PageError("an .onnx or a .ts", repr(plain[:40]), "drop another file")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"voice{kind}"
        path.write_bytes(data)
        return compile_plan(voice_graph(path, Path(folder)))
