"""A thread that sound waits for runs before others, where the system lets it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

PRIORITY = 5
"""Of Linux's real-time ones, 1 to 99: low, for sound servers and drivers come first."""


def threads() -> set[int]:
    """Those of this process, as the system numbers them; none where it does not tell."""
    try:
        return {int(name) for name in os.listdir("/proc/self/task")}
    except OSError:
        return set()


def become_urgent(thread: int = 0) -> bool:
    """A thread, or the calling one, runs before all that is not real-time; whether the system lets it.

    Linux asks for a right to this: that of root, or a line `rtprio` in /etc/security/limits.d, as Debian's
    jackd writes for the group `audio`. Without it, and on other systems, nothing changes. Threads and
    programs that it starts do not inherit it.
    """
    if not hasattr(os, "sched_setscheduler"):
        return False
    try:
        os.sched_setscheduler(thread, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def urgent(wanted: bool = True) -> Iterator[bool]:
    """The calling thread is urgent until the end, where that is `wanted` and possible; whether it is."""
    if not (wanted and become_urgent()):
        yield False
        return
    try:
        yield True
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
