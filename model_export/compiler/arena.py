"""Places buffers in the arena: two may share floats when their lives do not meet."""

from __future__ import annotations

from collections.abc import Sequence

from model_export.compiler.views import Buffer

LINE = 16  # floats in a 64-byte cache line


def place(buffers: Sequence[Buffer]) -> int:
    """Sets every buffer's offset, largest first into the lowest gap; returns the arena's length in floats."""
    placed: list[Buffer] = []
    end = 0
    for buffer in sorted(buffers, key=lambda b: (-b.size, b.uses[0])):
        first, last = min(buffer.uses), max(buffer.uses)
        offset = 0
        for other in sorted(placed, key=lambda b: b.offset):
            if min(other.uses) > last or max(other.uses) < first:
                continue
            if other.offset - offset >= _round(buffer.size):
                break
            offset = max(offset, other.offset + _round(other.size))
        buffer.offset = offset
        placed.append(buffer)
        end = max(end, offset + _round(buffer.size))
    return end


def _round(size: int) -> int:
    return -(-max(size, 1) // LINE) * LINE
