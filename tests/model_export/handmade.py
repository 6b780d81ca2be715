"""TorchScript archives written by hand: pickles assembled opcode by opcode, code as text."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Stored:
    """A tensor by its storage: class name, entry, window."""

    storage: str
    key: str
    numel: int
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _integers(numbers: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(assembled(n) for n in numbers) + b"t"


def assembled(value: object) -> bytes:
    """Opcodes that build a value: numbers, text, None, tuples, dicts (as modules) and stored tensors."""
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, tuple):
        return b"(" + b"".join(map(assembled, value)) + b"t"
    if isinstance(value, Stored):
        identity = b"(" + _text("storage") + f"ctorch\n{value.storage}\n".encode() + _text(value.key)
        identity += _text("cpu") + assembled(value.numel) + b"tQ"
        window = assembled(value.offset) + _integers(value.shape) + _integers(value.stride) + b"\x89"
        return (
            b"ctorch._utils\n_rebuild_tensor_v2\n(" + identity + window + b"ccollections\nOrderedDict\n)RtR"
        )
    assert isinstance(value, dict)
    items = b"".join(_text(key) + assembled(item) for key, item in value.items())
    return b"c__torch__\nVoice\n)\x81}(" + items + b"ub"


def pickled(value: object) -> bytes:
    """A whole pickle."""
    return b"\x80\x02" + assembled(value) + b"."


def voice(
    code: str,
    attributes: Mapping[str, object],
    storages: Mapping[str, npt.NDArray[np.generic]],
    constants: bytes = b"\x80\x02).",
) -> dict[str, bytes]:
    """Entries of an archive whose root is a class `Voice` with this body of methods."""
    figures = {"sr": 44100, "decode_params": (2, 4, 1, 1), **attributes}
    figures["decode_params"] = Stored("LongStorage", "params", 4, 0, (4,), (1,))
    lines = ["class Voice(Module):", "  __parameters__ = []", *("  " + line for line in code.splitlines())]
    files = {
        "v/data.pkl": pickled(figures),
        "v/constants.pkl": constants,
        "v/code/__torch__.py": "\n".join(lines).encode() + b"\n",
        "v/data/params": np.asarray([2, 4, 1, 1], np.int64).tobytes(),
    }
    return files | {f"v/{name}": array.tobytes() for name, array in storages.items()}
