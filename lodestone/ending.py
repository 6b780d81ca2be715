"""Being told to end: `kill` and a closed terminal are as Ctrl-C, so that what a command writes is whole."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

TOLD = (signal.SIGTERM, signal.SIGHUP)
Handler = Callable[[int, "FrameType | None"], object]


@contextlib.contextmanager
def ended_by_kill() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt in the main thread while the context lasts, once.

    A terminal that closes sends more than one: the second would break what the first began to close. What is
    ignored stays so: `nohup` starts a command that outlives its terminal.
    """
    told: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        told.append(number)
        if len(told) == 1:
            raise KeyboardInterrupt

    with _heard_by(interrupt, TOLD):
        yield


@contextlib.contextmanager
def told_to_end() -> Iterator[Callable[[], bool]]:
    """Whether Ctrl-C, SIGTERM or SIGHUP came, to be asked between two pieces of work.

    For whoever writes as it goes in the main thread: an exception may come in the middle of a line, of a
    block or of a packer's own work, and what is written after it is torn. A second Ctrl-C or
    SIGTERM raises KeyboardInterrupt, for a player who waits for something that hangs.
    """
    told: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        again = number != signal.SIGHUP and number in told
        told.append(number)
        if again:
            raise KeyboardInterrupt

    with _heard_by(note, (signal.SIGINT, *TOLD)):
        yield lambda: bool(told)


@contextlib.contextmanager
def _heard_by(handler: Handler, numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        for number, heard in before.items():
            if heard is not signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        for number, heard in before.items():
            signal.signal(number, heard)
