"""A table for a terminal or a pipe: heads with their units, one row a line."""

from __future__ import annotations

from collections.abc import Sequence

GAP = "  "


def columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of aligned cells; nothing is wrapped or cut, so that a pipe gets what a screen shows.

    Args:
        heads: [C] what stands in a column, with its unit where it has one: "noise µT". A column whose
            cells are all numbers stands to the right, so that digits stand below digits.
        rows: [R, C] cells.
    """
    right = [bool(rows) and all(_is_number(row[at]) for row in rows) for at in range(len(heads))]
    wide = [max(len(cell) for cell in column) for column in zip(heads, *rows, strict=True)]
    lines = [
        GAP.join(
            f"{cell:>{width}}" if number else f"{cell:{width}}"
            for cell, width, number in zip(line, wide, right, strict=True)
        )
        for line in (heads, *rows)
    ]
    return "\n".join(line.rstrip() for line in lines)


def _is_number(cell: str) -> bool:
    try:
        float(cell or 0)
    except ValueError:
        return False
    return True
