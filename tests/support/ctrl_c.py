"""For `Popen(preexec_fn=…)`: a program that hears Ctrl-C, also where the suite runs in the background."""

from __future__ import annotations

import signal


def hears_ctrl_c() -> None:
    """As a program in a terminal does; a shell starts what is in the background deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
