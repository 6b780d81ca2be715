"""Checkpoints of a training: written whole or not at all, refused when another network made them."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from files import write_bytes
from training.errors import TrainingError

FORMAT, VERSION = "lodestone-training", 1


def digest(deciding: Mapping[str, Any]) -> str:
    """Of what decides the networks: a checkpoint of other settings is refused."""
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()


def load(path: Path, settings: str) -> dict[str, Any] | None:
    """What `save` wrote, or None where there is no file.

    Raises:
        TrainingError: when it was made with other settings, or is damaged.
    """
    if not path.exists():
        return None
    do = "use another --run folder, or remove this one"
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        same = saved["settings"] == settings
    except Exception as error:  # PyTorch's unpickler raises whatever it meets
        raise TrainingError(f"a checkpoint at {path}", str(error).splitlines()[0], do) from None
    if not same:
        raise TrainingError(f"a checkpoint of these settings at {path}", "one of another network", do)
    return saved


def save(path: Path, settings: str, state: Mapping[str, Any]) -> None:
    """Writes `state` and what it belongs to. Raises files.FileError; the file of before stays."""
    whole = (
        io.BytesIO()
    )  # into memory first: on a full disk PyTorch's own writer ends in its C++ side's error
    torch.save({"format": FORMAT, "version": VERSION, "settings": settings, **state}, whole)
    write_bytes(path, whole.getvalue())
