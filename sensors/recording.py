"""Recordings of frames: compact, checked block by block, complete to the bit (docs/recording-format.md)."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from files import FileError, growing_file, plain_file
from sensors.errors import SensorError
from sensors.frame import MOST_MT, Flag, Frame

MAGIC = b"lodestone-frames"
FORMAT = "lodestone-recording"
VERSION = 1
BLOCK_FRAMES = 200
RECORD = np.dtype(
    [
        ("time_s", "<f8"),
        ("sequence", "<u4"),
        ("counts", "<i4", (4, 3)),
        ("field_mt", "<f4", (4, 3)),
        ("temperature_c", "<f4", (4,)),
        ("valid", "<f4", (4,)),
        ("flags", "<u4", (4,)),
    ]
)
_HEAD = struct.Struct("<II")
_BLOCK = struct.Struct("<4sII")
_MOST_BYTES = 1 << 30
_MOST_SWELL = 256 << 20
"""Bytes of frames beyond sixteen times the packed ones."""
_END = struct.Struct("<4sQ32s")
_CRC = struct.Struct("<I")
_MAX_HEADER = 1 << 20
_MAX_BLOCK = 1 << 24
_MOST_TIME_S, _MOST_C, _ROOM_C = 1e9, 300.0, 25.0
Records = NDArray[np.void]


@dataclass(frozen=True, eq=False)
class Recording:
    """What a recording holds.

    Attributes:
        info: of the source that was recorded (settings, identities, rate).
        records: [N] of dtype `RECORD`.
        sha256: of the bytes of `records`, hex; the same frames give the same hash.
        damage: None, or in words what is missing; everything before it is in `records`.
    """

    info: dict[str, Any]
    records: Records
    sha256: str
    damage: str | None

    def frames(self) -> Iterator[Frame]:
        """The frames as they were recorded."""
        for record in self.records:
            yield _frame(record)


class RecordingWriter:
    """Writes frames to a file, a block a second, so that a crash costs a second. A context manager.

    A recording of that name stays until this one is whole. Raises FileError where it cannot be written.
    """

    def __init__(self, path: str | Path, info: dict[str, Any]) -> None:
        header = json.dumps({"format": FORMAT, "version": VERSION, "source": info}, sort_keys=True).encode()
        self._place = growing_file(path)
        self._file: BinaryIO = open(self._place.__enter__(), "wb")  # noqa: SIM115 - closed by __exit__
        self._file.write(MAGIC + _HEAD.pack(VERSION, len(header)) + header + _CRC.pack(zlib.crc32(header)))
        self._waiting: list[bytes] = []
        self._hash = hashlib.sha256()
        self.frames = 0

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._file:
                self._flush()
                end = _END.pack(b"END ", self.frames, self._hash.digest())
                self._file.write(end + _CRC.pack(zlib.crc32(end)))
        except OSError as failed:
            self._place.__exit__(type(failed), failed, failed.__traceback__)
            raise
        if self.frames > 0 or kind is None:  # whatever ended it: what was heard until then is kept
            self._place.__exit__(None, None, None)
        else:
            self._place.__exit__(kind, error, trace)

    def add(self, frame: Frame) -> None:
        """Appends one frame."""
        record = np.zeros((), dtype=RECORD)
        for name in RECORD.names or ():
            record[name] = getattr(frame, name)
        data = record.tobytes()
        self._hash.update(data)
        self._waiting.append(data)
        self.frames += 1
        if len(self._waiting) == BLOCK_FRAMES:
            self._flush()

    @property
    def sha256(self) -> str:
        """Of the frames so far, hex."""
        return self._hash.hexdigest()

    def _flush(self) -> None:
        if not self._waiting:
            return
        rows = np.frombuffer(b"".join(self._waiting), dtype=np.uint8).reshape(-1, RECORD.itemsize)
        # Bytes of one place in the record side by side: they resemble each other, and zlib likes that.
        packed = zlib.compress(rows.T.tobytes(), 6)
        block = _BLOCK.pack(b"BLK ", len(rows), len(packed)) + packed
        self._file.write(block + _CRC.pack(zlib.crc32(block)))
        self._file.flush()
        self._waiting.clear()


def is_recording(path: str | Path) -> bool:
    """Whether the file begins as a recording does."""
    try:
        with plain_file(path).open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (FileError, OSError, ValueError):  # ValueError: a path with a NUL in it
        return False


def read_recording(path: str | Path) -> Recording:
    """Reads a whole recording; of a damaged one everything before the damage.

    Raises:
        SensorError: not there, no recording, of another version, or damaged in its header.
    """
    try:
        data = plain_file(path, _MOST_BYTES).read_bytes()
    except OSError as error:
        raise SensorError(f"the recording {path}", error.strerror or str(error), "correct the path") from None
    except ValueError as error:
        raise SensorError("the path of a recording", str(error), "correct the path") from None
    info, at = _read_header(data, str(path))
    blocks: list[bytes] = []
    damage: str | None = None
    within = 0
    while True:
        block, at, wrong = _read_block(data, at)
        if block is not None:
            blocks.append(block)
            within += len(block)
            if within <= _MOST_SWELL + 16 * len(data):
                continue
            wrong = f"its frames come to more than {within >> 20} MB"
        damage = wrong
        break
    rows = b"".join(blocks)
    records = np.frombuffer(rows, dtype=RECORD)
    sha256 = hashlib.sha256(rows)
    if damage is None:
        _, count, digest = _END.unpack_from(data, at)
        if count != len(records) or digest != sha256.digest():
            damage = f"{count} frames were written, {len(records)} are here, or not the same"
    times = np.flatnonzero(~(np.abs(records["time_s"]) < _MOST_TIME_S))
    if times.size:
        records, damage = records[: times[0]], f"the time of frame {times[0] + 1} is no number"
    if damage is not None:
        seconds = float(records["time_s"][-1] - records["time_s"][0]) if len(records) else 0.0
        damage = f"{damage}; used are the {len(records)} frames ({seconds:.1f} s) before it"
    records, lost = _without_nonsense(records)
    if lost:
        told = f"{lost} readings are no numbers, and count as lost"
        damage = f"{damage}; {told}" if damage else told
    return Recording(info, records, sha256.hexdigest(), damage)


def _without_nonsense(records: Records) -> tuple[Records, int]:
    """The records with readings that are none as those of lost sensors, and how many there are."""
    good = (np.abs(records["field_mt"]) <= MOST_MT).all(axis=2) & (
        np.abs(records["temperature_c"]) <= _MOST_C
    )
    good &= (records["valid"] >= 0) & (records["valid"] <= 1)
    if good.all():
        return records, 0
    records = records.copy()
    for frame, sensor in np.argwhere(~good):
        row = records[frame]
        row["field_mt"][sensor] = records[frame - 1]["field_mt"][sensor] if frame else 0.0
        row["temperature_c"][sensor] = records[frame - 1]["temperature_c"][sensor] if frame else _ROOM_C
        row["valid"][sensor] = 0.0
        row["flags"][sensor] |= Flag.LOST
    return records, int(np.count_nonzero(~good))


def _read_header(data: bytes, name: str) -> tuple[dict[str, Any], int]:
    do = "name a file that `lodestone sensors record` wrote"
    if not data.startswith(MAGIC):
        raise SensorError("a recording of frames", f"other bytes in {name}", do)
    at = len(MAGIC) + _HEAD.size
    if len(data) < at:
        raise SensorError("a whole header", f"the end of {name}", do)
    version, size = _HEAD.unpack_from(data, len(MAGIC))
    if version != VERSION:
        raise SensorError(
            f"version {VERSION} of the format", f"version {version} in {name}", "update Lodestone"
        )
    header = data[at : at + size]
    after = at + size + _CRC.size
    if size > _MAX_HEADER or len(data) < after or _CRC.unpack_from(data, at + size)[0] != zlib.crc32(header):
        raise SensorError("an undamaged header", f"a wrong checksum in {name}", do)
    try:
        content = json.loads(header)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise SensorError(f"a header of format {FORMAT}", f"another in {name}", do)
    source = content.get("source", {})
    return (source if isinstance(source, dict) else {}), after


def _read_block(data: bytes, at: int) -> tuple[bytes | None, int, str | None]:
    """Row bytes of the block at `at` and where the next begins; or what is wrong; or neither at the end."""
    kind = data[at : at + 4]
    if kind == b"END " and len(data) >= at + _END.size + _CRC.size:
        whole = data[at : at + _END.size]
        good = _CRC.unpack_from(data, at + _END.size)[0] == zlib.crc32(whole)
        return None, at, None if good else "the end mark is damaged"
    if len(data) < at + _BLOCK.size:
        return None, at, "the file is cut off"
    kind, count, size = _BLOCK.unpack_from(data, at)
    if kind != b"BLK " or size > _MAX_BLOCK or count > BLOCK_FRAMES:
        return None, at, f"damaged at byte {at}"
    end = at + _BLOCK.size + size
    if len(data) < end + _CRC.size:
        return None, at, "the file is cut off"
    if _CRC.unpack_from(data, end)[0] != zlib.crc32(data[at:end]):
        return None, at, f"damaged at byte {at}"
    try:
        unpacked = zlib.decompressobj().decompress(data[at + _BLOCK.size : end], count * RECORD.itemsize + 1)
    except zlib.error:
        unpacked = b""
    columns = np.frombuffer(unpacked, dtype=np.uint8)
    if columns.size == 0 or columns.size != count * RECORD.itemsize:
        return None, at, f"damaged at byte {at}"
    return columns.reshape(RECORD.itemsize, count).T.tobytes(), end + _CRC.size, None


def _frame(record: np.void) -> Frame:
    return Frame(
        time_s=float(record["time_s"]),
        sequence=int(record["sequence"]),
        field_mt=record["field_mt"].astype(np.float32),
        counts=record["counts"].astype(np.int32),
        temperature_c=record["temperature_c"].astype(np.float32),
        valid=record["valid"].astype(np.float32),
        flags=record["flags"].astype(np.uint32),
    )
