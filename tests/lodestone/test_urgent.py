"""A thread that runs before others, where the system lets it."""

from __future__ import annotations

import os
import threading

import pytest

from lodestone.urgent import urgent


def kinds() -> tuple[int, int]:
    """How this thread is scheduled, and one that it starts."""
    found: list[int] = []
    beside = threading.Thread(target=lambda: found.append(os.sched_getscheduler(0)))
    beside.start()
    beside.join()
    return os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK, found[0]


def test_urgency_lasts_as_long_as_its_context_and_is_not_inherited() -> None:
    with urgent() as allowed:
        assert kinds() == (os.SCHED_RR if allowed else os.SCHED_OTHER, os.SCHED_OTHER)
    assert kinds() == (os.SCHED_OTHER, os.SCHED_OTHER)
    with urgent(False) as allowed:
        assert not allowed
        assert kinds()[0] == os.SCHED_OTHER


def test_a_system_that_refuses_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    with urgent() as allowed:
        assert not allowed
