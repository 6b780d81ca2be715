"""Reads a table of this folder and writes what is generated from it."""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read(name: str) -> dict[str, Any]:
    """The parsed table `definitions/NAME.toml`."""
    text = resources.files("definitions").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    return table


def write_if_changed(path: Path, text: str) -> None:
    """Writes `text`, but leaves a file that says so already alone: what includes it need not be built."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
