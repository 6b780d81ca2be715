"""Runs one case in a child process with limits, and says what came of it.

Limits: 20 seconds of processor time, and 1 GB plus four times the file of memory beyond what the tools take.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable

from errors import LodestoneError

SECONDS = 20
MEMORY = 1 << 30


def judged(action: Callable[[], object], file_bytes: int, seconds: int = SECONDS) -> str:
    """What came of it: taken, refused, tracebacks (told on stderr), crashes, hangs, or over memory."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os._exit(_act(action, MEMORY + 4 * file_bytes, seconds))
    end = time.monotonic() + 30 * seconds  # a machine that others use too
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hangs"
        time.sleep(0.002)
    if os.WIFSIGNALED(status):
        return "hangs" if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else "crashes"
    return ("taken", "refused", "tracebacks", "over memory")[min(os.WEXITSTATUS(status), 3)]


def _act(action: Callable[[], object], memory: int, seconds: int) -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + memory,) * 2)
    try:
        action()
    except LodestoneError as error:
        cause: BaseException | None = error
        while cause is not None:  # a refusal that came of memory running out was too late
            if isinstance(cause, MemoryError):
                return 3
            cause = cause.__cause__
        return 1 if len(str(error).splitlines()) == 1 and len(str(error)) < 1200 else 2
    except MemoryError:
        return 3
    except BaseException:
        traceback.print_exc()
        return 2
    return 0


def _mapped() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()
