"""The board's numbers in packets: they begin again at 0 after 2³¹, and their packets come in any order."""

from __future__ import annotations

WRAP = 1 << 31
"""The board's microseconds (35.8 minutes) and its frames' numbers come modulo this."""


def passed(last: int, now: int) -> int | None:
    """How much later `now` is than `last`, both of them modulo `WRAP`.

    None where it is not later: its packet came twice, or was overtaken on the way. Whatever is nearer
    backwards than forwards counts as that, for nothing else tells an old packet from a wrap of the clock.

    Example:
        >>> passed(5, 7), passed(WRAP - 1, 1), passed(7, 5), passed(7, 7)
        (2, 2, None, None)
    """
    step = (now - last) % WRAP
    return step if 0 < step < WRAP // 2 else None
