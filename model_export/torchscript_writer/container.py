"""The container of a TorchScript file: a zip of stored entries and a pickle of one module's attributes.

What LibTorch asks for (seen in 1.12 and 2.13): one root folder; `data.pkl`, protocol 2; every tensor's
bytes in an entry of its own, begun at a multiple of 64 bytes; `constants.pkl`, `byteorder`, `version`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Attribute = int | bool | None | npt.NDArray[np.float32] | npt.NDArray[np.int64]
ALIGNED = 64
VERSION = b"3\n"
_STORAGE = {"float32": "FloatStorage", "int64": "LongStorage"}
_DATE = 0x21  # 1 January 1980: the same file every time


def pickled(
    class_path: str, class_name: str, attributes: Mapping[str, Attribute]
) -> tuple[bytes, list[bytes]]:
    """An object of one class as a pickle, and the bytes of its tensors in order."""
    storages: list[bytes] = []
    items = b"".join(_text(name) + _value(value, storages) for name, value in attributes.items())
    body = b"\x80\x02c" + class_path.encode() + b"\n" + class_name.encode() + b"\n)\x81}(" + items + b"ub."
    return body, storages


def _value(value: Attribute, storages: list[bytes]) -> bytes:
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return _integer(value)
    return _tensor(value, storages)


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _integer(number: int) -> bytes:
    if 0 <= number < 256:
        return b"K" + bytes([number])
    if 0 <= number < 65536:
        return b"M" + struct.pack("<H", number)
    return b"J" + struct.pack("<i", number)


def _integers(numbers: Sequence[int]) -> bytes:
    return b"(" + b"".join(_integer(number) for number in numbers) + b"t"


def _tensor(array: npt.NDArray[np.float32] | npt.NDArray[np.int64], storages: list[bytes]) -> bytes:
    key = str(len(storages))
    storages.append(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).tobytes())
    strides = [int(np.prod(array.shape[axis + 1 :], dtype=np.int64)) for axis in range(array.ndim)]
    identity = b"(" + _text("storage") + f"ctorch\n{_STORAGE[array.dtype.name]}\n".encode()
    identity += _text(key) + _text("cpu") + _integer(array.size) + b"tQ"
    window = _integer(0) + _integers(array.shape) + _integers(strides) + b"\x89"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + identity + window + b"ccollections\nOrderedDict\n)RtR"


def container(root: str, pickle: bytes, storages: Sequence[bytes], code: Mapping[str, str]) -> bytes:
    """The whole file; `root` is the folder within, `code` text by its path below `code/`."""
    entries = [(f"{root}/data.pkl", pickle)]
    entries += [(f"{root}/code/{path}", text.encode()) for path, text in code.items()]
    entries += [(f"{root}/data/{number}", data) for number, data in enumerate(storages)]
    entries += [(f"{root}/constants.pkl", b"\x80\x02)."), (f"{root}/byteorder", b"little")]
    entries.append((f"{root}/version", VERSION))
    body, directory = bytearray(), bytearray()
    for name, data in entries:
        local, central = _entry(name.encode(), data, len(body))
        body += local
        directory += central
    count = len(entries)
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return bytes(body + directory) + b"PK\x05\x06" + end


def _entry(name: bytes, data: bytes, offset: int) -> tuple[bytes, bytes]:
    """One stored entry at an offset, padded so that its data is aligned, and its line in the directory."""
    padding = -(offset + 30 + len(name) + 4) % ALIGNED
    extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    sizes = (zlib.crc32(data), len(data), len(data), len(name))
    local = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, _DATE, *sizes, len(extra))
    central = struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, _DATE, *sizes, 0, 0, 0, 0, 0, offset)
    return b"PK\x03\x04" + local + name + extra + data, b"PK\x01\x02" + central + name
