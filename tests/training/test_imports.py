"""What training takes from other rooms is there: most of it needs PyTorch, which this suite does without."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "training"
ROOMS = ("errors", "files", "graphs", "model_export", "voices")


def needs_more(module: str) -> bool:
    path = FOLDER.parent / (module.replace(".", "/") + ".py")
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return "import torch" in text or "import mido" in text


def taken(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every `from ... import ...`."""
    nodes = [
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.ImportFrom)
    ]
    return [(str(node.module), alias.name) for node in nodes for alias in node.names]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_every_name_is_there(path: Path) -> None:
    for module, name in taken(path):
        if needs_more(module) or needs_more(f"{module}.{name}"):
            continue
        if module.split(".")[0] in (*ROOMS, "training"):
            found = importlib.import_module(module)
            if not hasattr(found, name):
                importlib.import_module(f"{module}.{name}")


def test_it_looks_at_something() -> None:
    assert ("model_export.costs", "with_costs") in taken(FOLDER / "finished.py")
