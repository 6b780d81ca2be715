"""Mutated archives: whatever is in them, nothing but ExportError ever leaves the exporter."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import model_export
from model_export.errors import ExportError
from model_export.symbolic import trace
from model_export.torchscript import Archive, read_script
from model_export.wrapper import unwrap
from tests.model_export import archives
from tests.support.attacks import scripts

Unpack = Callable[[str], Path]
NUMBERS = (b"0", b"-1", b"1", b"3", b"999", b"99999999999", b"None", b"x", b"[]", b"True", b"0.5")


def mutated_code(text: bytes, dice: random.Random) -> bytes:
    """A line dropped or moved, a number or a name replaced by another."""
    kind = dice.randrange(4)
    lines = text.split(b"\n")
    if kind == 0:
        del lines[dice.randrange(len(lines))]
        return b"\n".join(lines)
    if kind == 1:
        at, to = dice.randrange(len(lines)), dice.randrange(len(lines))
        lines.insert(to, lines.pop(at))
        return b"\n".join(lines)
    numbers, words = (list(re.finditer(p, text)) for p in (rb"\b\d+\b", rb"\b[a-z_]\w*\b"))
    spot = dice.choice(numbers if kind == 2 and numbers else words)
    instead = dice.choice(NUMBERS) if kind == 2 else dice.choice(words).group()
    return text[: spot.start()] + instead + text[spot.end() :]


def survives(path: Path, whole: bool) -> None:
    """Reads, traces and (if `whole`) exports; ExportError in one line is the only thing that may come."""
    try:
        if whole:
            model_export.export(path)
        with Archive(path) as archive:
            script = read_script(archive)
            wrapper = unwrap(script)
            trace(script, wrapper.module, "decode", [1, wrapper.latents, 1], "latent", "audio")
    except ExportError as error:
        told = str(error)
    else:
        return
    assert len(told.splitlines()) == 1


@pytest.mark.parametrize("seed", range(4))
def test_mutated_bytes(archive: Unpack, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    data = archive("raspberry").read_bytes()
    for _ in range(25):
        path = tmp_path / "fuzz.ts"
        path.write_bytes(scripts.damaged(data, dice))
        survives(path, whole=False)


@pytest.mark.parametrize("seed", range(4))
def test_mutated_pickle(archive: Unpack, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    files = archives.entries(archive("v2_cropped"))
    name = archives.entry(files, "data.pkl")
    for _ in range(50):
        damaged = {**files, name: scripts.damaged(files[name], dice)}
        survives(archives.write(tmp_path / "fuzz.ts", damaged), whole=False)


@pytest.mark.parametrize("model", ["v1_noise", "spherical", "hybrid"])
def test_mutated_code(archive: Unpack, tmp_path: Path, model: str) -> None:
    dice = random.Random(model)
    files = archives.entries(archive(model))
    names = [n for n in files if n.endswith(".py") and ("blocks" in n or "convs" in n or "export" in n)]
    for round_number in range(30):
        name = dice.choice(names)
        damaged = {**files, name: mutated_code(files[name], dice)}
        survives(archives.write(tmp_path / "fuzz.ts", damaged), whole=round_number % 6 == 0)
