"""A magnet that jumps between two places: for measuring how long the instrument takes to answer."""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from sensors.simulation.gesture import Gesture
from sensors.simulation.world import World


class JumpingWorld(World):
    """The field of one gesture, from each odd moment on that of another one.

    Args:
        here, there: what lies on the board in between; of one length.
        moments_s: when the magnets jump, in rising order.
    """

    def __init__(self, here: Gesture, there: Gesture, moments_s: Sequence[float]) -> None:
        super().__init__(here)
        self._there = World(there)
        self._moments_ns = [round(1e9 * moment) for moment in moments_s]
        self.duration_s = max(self.duration_s, *moments_s)

    def axis_ut(self, sensor: int, axis: int, time_ns: int) -> float:
        """Flux density in µT along one axis of a chip."""
        if bisect.bisect_right(self._moments_ns, time_ns) % 2:
            return self._there.axis_ut(sensor, axis, time_ns)
        return super().axis_ut(sensor, axis, time_ns)
