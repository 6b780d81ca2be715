"""A `.ts` may travel packed by xz, as the voices that ship do: `NAME.ts.xz` is read as the `.ts` within."""

from __future__ import annotations

import lzma
from pathlib import Path

from files import plain_file
from model_export.errors import ExportError

MAGIC = b"\xfd7zXZ\x00"
MAX_SWELL = 64 << 20  # bytes within beyond sixteen times the packed ones
MOST_PACKED = 4 << 30
MAX_BYTES = 1 << 30  # of the file within; the largest RAVE met is below half of it


def is_packed(path: Path) -> bool:
    """Whether the file begins as one of xz does. Raises OSError when it cannot be read."""
    with plain_file(path).open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def plain_bytes(path: Path) -> bytes:
    """The `.ts` itself, whether the file is one or holds one packed.

    Raises:
        OSError: no readable file.
        ExportError: a packed file that is damaged, cut short, or swells beyond `MAX_BYTES`.
    """
    data = plain_file(path, MOST_PACKED).read_bytes()
    if not data.startswith(MAGIC):
        return data
    most = min(MAX_BYTES, MAX_SWELL + 16 * len(data))
    unpacker = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=256 << 20)
    try:
        plain = unpacker.decompress(data, most + 1)
    except lzma.LZMAError as error:
        raise ExportError("an intact .ts.xz", f"{path.name}: {error}", "download the file again") from None
    if len(plain) > most:
        raise ExportError(f"a .ts of at most {most >> 20} MB", "more", "unpack the file yourself")
    if not unpacker.eof:
        raise ExportError("a whole .ts.xz", f"{path.name}, cut short", "download the file again")
    return plain


def plain_name(path: Path) -> str:
    """The file's name without `.xz`, `.ts` and what upstream's exporter appends."""
    return Path(path.name.removesuffix(".xz")).stem.removesuffix("_streaming")
