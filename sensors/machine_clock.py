"""The machine's own clock, as drivers and sources take it."""

from __future__ import annotations

import time


class MonotonicClock:
    """Microseconds since an arbitrary start; never runs backwards."""

    def now_us(self) -> int:
        """Microseconds."""
        return time.monotonic_ns() // 1000

    def sleep_until_us(self, time_us: int) -> None:
        """Returns no earlier than `time_us`."""
        left = time_us - self.now_us()
        if left > 0:
            time.sleep(left * 1e-6)
