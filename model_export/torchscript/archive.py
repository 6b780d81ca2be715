"""The zip container of a TorchScript file, checked before a byte of it is used.

A stranger's file is bounded by its own size: stored entries cannot overlap, compressed ones cannot
swell beyond `MAX_INFLATION`, and no entry is longer than it declares.
"""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType

from model_export.errors import ExportError
from model_export.torchscript.packed import is_packed, plain_bytes

MAX_INFLATION = 200  # deflate reaches about 1000 on zeros; code text stays below 20
MAX_TEXT_BYTES = 4 << 20  # one code file or the pickle: real ones stay below 1 MB
MAX_SWELL = 64 << 20  # bytes that all entries may hold beyond four times the file
MAX_ENTRIES = 65_535
_MODEL = "a RAVE model exported by TorchScript (.ts)"
_AGAIN = "download the file again, or export it again"
_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,  # an encrypted entry
)


class Archive:
    """Read-only access to the entries of one TorchScript file, by their path below its root folder.

    A file packed by xz is unpacked into memory.

    Raises:
        ExportError: the file is missing, is no zip, is cut short, or declares sizes that it cannot hold.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._unpacked = plain_bytes(path) if is_packed(path) else None
            self.file_bytes = path.stat().st_size if self._unpacked is None else len(self._unpacked)
            self._zip = zipfile.ZipFile(path if self._unpacked is None else io.BytesIO(self._unpacked))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ExportError(_MODEL, f"no readable file at {path} ({reason})", "check the path") from error
        except _ZIP_ERRORS as error:
            raise ExportError(_MODEL, f"{path.name}, which is no complete zip archive", _AGAIN) from error
        try:
            self._entries = self._checked_entries()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def _checked_entries(self) -> dict[str, zipfile.ZipInfo]:
        infos = self._zip.infolist()
        if not infos or len(infos) > MAX_ENTRIES:
            raise ExportError(_MODEL, f"an archive of {len(infos)} entries", _AGAIN)
        root, slash, _ = infos[0].filename.partition("/")
        if not slash:
            raise ExportError(_MODEL, f"another kind of zip archive ({self.path.name})", "check the path")
        root += "/"
        entries: dict[str, zipfile.ZipInfo] = {}
        packed_bytes = plain_bytes_in = 0
        for info in infos:
            if not info.filename.startswith(root):
                raise ExportError(_MODEL, f"{info.filename!r} outside the root folder {root!r}", _AGAIN)
            name = info.filename[len(root) :]
            if name in entries:
                raise ExportError(_MODEL, f"two entries called {name!r}", _AGAIN)
            self._check_entry(info)
            packed_bytes += info.compress_size
            plain_bytes_in += info.file_size
            entries[name] = info
        if plain_bytes_in > 4 * self.file_bytes + MAX_SWELL:
            got = f"{plain_bytes_in} bytes from {self.file_bytes}"
            raise ExportError("an archive that does not swell", got, _AGAIN)
        if packed_bytes > self.file_bytes:
            got = f"entries of {packed_bytes} bytes in a file of {self.file_bytes}"
            raise ExportError("an archive whose entries fit its size", got, _AGAIN)
        return entries

    def _check_entry(self, info: zipfile.ZipInfo) -> None:
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            raise ExportError(_MODEL, f"{info.filename!r} packed by an unknown or encrypted method", _AGAIN)
        stored = info.compress_type == zipfile.ZIP_STORED
        limit = info.compress_size * (1 if stored else MAX_INFLATION)
        if info.file_size > limit or info.compress_size > self.file_bytes:
            got = f"{info.filename!r} declaring {info.file_size} bytes from {info.compress_size}"
            raise ExportError("an archive entry of its declared size", got, _AGAIN)

    def sha256(self) -> str:
        """Hash of the whole `.ts`, unpacked, hexadecimal."""
        if self._unpacked is not None:
            return hashlib.sha256(self._unpacked).hexdigest()
        digest = hashlib.sha256()
        with self.path.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
        return digest.hexdigest()

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def size(self, name: str) -> int:
        """Declared length of an entry in bytes."""
        return self._info(name).file_size

    def read(self, name: str) -> bytes:
        """The whole entry, its length and checksum verified."""
        info = self._info(name)
        try:
            with self._zip.open(info) as stream:
                data = stream.read()
        except (*_ZIP_ERRORS, OSError) as error:
            raise ExportError(f"an intact entry {name!r}", f"damaged data ({error})", _AGAIN) from error
        if len(data) != info.file_size:
            raise ExportError(f"{info.file_size} bytes in {name!r}", f"{len(data)}", _AGAIN)
        return data

    def read_text(self, name: str) -> str:
        """An entry as UTF-8 text of bounded length."""
        if self.size(name) > MAX_TEXT_BYTES:
            got = f"{self.size(name)} bytes"
            raise ExportError(f"code of at most {MAX_TEXT_BYTES} bytes in {name!r}", got, _AGAIN)
        try:
            return self.read(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ExportError(f"UTF-8 text in {name!r}", f"other bytes ({error.reason})", _AGAIN) from error

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._entries[name]
        except KeyError:
            raise ExportError(f"an archive with {name!r}", "none of that name", _AGAIN) from None
