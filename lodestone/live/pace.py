"""When the next block of a live instrument is due: by the clock, steered by what waits for the sound card."""

from __future__ import annotations

import time
from collections.abc import Callable

STRONGEST = 0.05
"""The pace follows the card's clock by at most this share; cards differ by a thousandth of it."""
STALLED_S = 0.02
"""So much more than wanted waits only when the card stood still for as long: it is let play that first."""
GIVE_UP_S = 0.25
"""A block later than this is not caught up with: the machine was asleep, or is too slow."""


class Pace:
    """Waits until a block of sound is due.

    The simulated board has its own time, the machine has a clock, the sound card has another. Time that
    follows the fill of the card's ring follows the card, so nothing ever runs dry or over by drift.

    Args:
        rate: frames a second.
        clock, sleep: of the machine, seconds.

    Attributes:
        late_s: time that was given up, since the start.
    """

    def __init__(
        self,
        rate: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._due: float | None = None
        self.late_s = 0.0

    def wait(self, frames: int, fill: int | None = None, target: int = 1) -> None:
        """Returns when the block after `frames` is due; `fill` of `target` frames wait before the card."""
        now = self._clock()
        speed = 1.0
        if fill is not None:
            speed += min(max(0.1 * (target - fill) / target, -STRONGEST), STRONGEST)
            if fill - target > STALLED_S * self._rate and self._due is not None:
                self._due += (fill - target) / self._rate
        self._due = (now if self._due is None else self._due) + frames / self._rate / speed
        late = now - self._due
        if late > GIVE_UP_S:
            self.late_s += late
            self._due = now
        elif late < 0.0:
            self._sleep(-late)
