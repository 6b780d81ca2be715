"""A `.ts` packed by xz is the `.ts` within; a damaged or swelling one is one clear line."""

from __future__ import annotations

import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

import model_export
from graphs.card import read_card
from model_export.errors import ExportError
from model_export.torchscript import packed

Unpack = Callable[[str], Path]


@pytest.fixture
def file(archive: Unpack, tmp_path: Path) -> Path:
    path = tmp_path / "raspberry_streaming.ts.xz"
    path.write_bytes(lzma.compress(archive("raspberry").read_bytes(), preset=1))
    return path


def refused(path: Path, saying: str) -> None:
    with pytest.raises(ExportError) as caught:
        model_export.export(path)
    assert saying in str(caught.value)
    assert "\n" not in str(caught.value)


def test_gives_the_same_voice(archive: Unpack, file: Path) -> None:
    unpacked, plain = model_export.export(file), model_export.export(archive("raspberry"))
    assert unpacked.SerializeToString() == plain.SerializeToString()
    assert read_card(unpacked).name == "raspberry"


def test_cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])
    refused(file, "cut short")


def test_damaged(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(data)
    refused(file, "an intact .ts.xz")


def test_swelling(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_BYTES", 1 << 16)
    refused(file, "a .ts of at most")


def test_other_content(file: Path) -> None:
    file.write_bytes(lzma.compress(b"hello"))
    refused(file, "no complete zip archive")
