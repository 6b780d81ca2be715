"""How much work and memory a stranger's file may ask for while it becomes a graph.

Units are about a nanosecond: one for an element that is touched, more for a step of the interpreter.
The largest real decoder takes a hundredth of the whole; a file that asks for more is refused in seconds.
"""

from __future__ import annotations

from model_export.errors import ExportError

MOST = 1 << 30
STEP = 256  # one expression, one step of a view
NODE = 2048  # one node of the graph


class Budget:
    """Counts down. Raises ExportError at the end."""

    def __init__(self, most: int = MOST) -> None:
        self._left = most

    def spend(self, units: int) -> None:
        """Takes `units` off; negative ones count as none."""
        self._left -= max(int(units), 0)
        if self._left < 0:
            raise ExportError(
                "a model of a decoder's size", "one that asks for far more work", "check the model"
            )


def plain(value: object, most: int = 1_000_000) -> bool:
    """Whether a foreign value may be compared: a number, text, nothing, or a flat list of such."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return True
    if not isinstance(value, (list, tuple)) or len(value) > most:
        return False
    return all(item is None or isinstance(item, (bool, int, float, str)) for item in value)


def flat_size(value: object, depth: int = 6, most: int = 1_000_000) -> int:
    """Numbers in nested lists. Raises ExportError where they nest deeper or hold more."""
    if not isinstance(value, (list, tuple)):
        return 1
    if depth == 0 or len(value) > most:
        raise ExportError("numbers in lists of lists", "lists beyond reason", "check the model")
    count = 0
    for item in value:
        count += flat_size(item, depth - 1, most - count)
        if count > most:
            raise ExportError("numbers in lists of lists", "lists beyond reason", "check the model")
    return count
