"""A sound card that nobody hears: PulseAudio with a null sink, whose monitor tells what it played, and when.

Needs Debian's pulseaudio, pulseaudio-utils, libasound2-plugins and libportaudio2.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lodestone.urgent import become_urgent

RATE = 44100
CHUNK = 64
NEEDS = ("pulseaudio", "pactl", "parec")
MISSING = [name for name in NEEDS if shutil.which(name) is None]
START_S = 10.0


@dataclass(frozen=True)
class NullSink:
    """A running one.

    Attributes:
        environment: of whoever shall play into it by ALSA's default device.
    """

    environment: dict[str, str]

    def waiting_ms(self) -> float:
        """What of the first player's sound waits in the server: in its own queue, and in the sink."""
        asked = ["pactl", "list", "sink-inputs"]
        said = subprocess.run(asked, env=self.environment, capture_output=True, text=True).stdout
        return 1e-3 * sum(int(us) for us in re.findall(r"(?:Buffer|Sink) Latency: (\d+) usec", said)[:2])

    @contextmanager
    def heard(self) -> Iterator[Monitor]:
        """What it plays, while the context lasts."""
        command = ["parec", "--raw", "--device=null.monitor", "--format=float32le", "--channels=1"]
        command += [f"--rate={RATE}", "--latency-msec=1", "--process-time-msec=1"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=self.environment, bufsize=0
        ) as parec:
            become_urgent(parec.pid)
            monitor = Monitor(parec)
            thread = threading.Thread(target=monitor.listen, daemon=True)
            thread.start()
            try:
                yield monitor
            finally:
                parec.terminate()
                thread.join()


class Monitor:
    """Sound with the times at which it came."""

    def __init__(self, parec: subprocess.Popen[bytes]) -> None:
        self._parec = parec
        self.blocks: list[tuple[float, NDArray[np.float32]]] = []

    def listen(self) -> None:
        """Until the program ends. Threads: one of its own."""
        become_urgent()
        assert self._parec.stdout is not None
        left = b""
        while data := self._parec.stdout.read(4 * CHUNK):
            now, data = time.monotonic(), left + data
            whole = len(data) // 4 * 4
            self.blocks.append((now, np.frombuffer(data[:whole], "<f4")))
            left = data[whole:]

    def onset_s(self, after_s: float, above: float) -> float | None:
        """When it first exceeded `above` in what came after `after_s`: not earlier than it was played."""
        for now, block in list(self.blocks):
            if now >= after_s and (over := np.flatnonzero(np.abs(block) > above)).size:
                return now - (len(block) - int(over[0])) / RATE
        return None


@contextmanager
def null_sink(folder: Path) -> Iterator[NullSink]:
    """Starts one, with everything of its own below `folder`."""
    (folder / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    socket = folder / "pulse.sock"
    here = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    here["PULSE_SERVER"] = f"unix:{socket}"
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"]
    command += ["--realtime", "--high-priority"]  # as every desktop runs it
    command += ["-L", f"module-null-sink sink_name=null rate={RATE}"]
    command += ["-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"]
    with (
        (folder / "pulse.log").open("w") as log,
        subprocess.Popen(command, env=here, stdout=log, stderr=log) as pulse,
    ):
        try:
            until = time.monotonic() + START_S
            while subprocess.run(["pactl", "info"], env=here, capture_output=True).returncode != 0:
                assert time.monotonic() < until, (folder / "pulse.log").read_text()
                time.sleep(0.1)
            become_urgent(pulse.pid)  # a card has no load
            yield NullSink(here)
        finally:
            pulse.terminate()
