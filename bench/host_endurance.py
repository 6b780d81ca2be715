"""A host beside a compile: `python -m bench.host_endurance [--minutes N]`; wanted are 10 without a drop-out.

`lodestone live` plays a simulated board, `lodestone host` its voice into a null sink, and a compiler works
all the while. Prints drop-outs of the card, gaps of the link, packet to sound, and beside them how often the
machine kept an idle real-time thread waiting in the same minutes, which no player can help; exit 1 for more
drop-outs than that.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from lodestone.image import ROOT
from lodestone.live.instrument import another
from lodestone.urgent import urgent
from tests.support.null_sink import MISSING, null_sink

LODESTONE = [sys.executable, "-m", "lodestone"]
START_S = 90.0
WAKES_S = 0.001
STALL_S = 0.004
"""The device takes a period of this length at once: a stall longer than it can cost one."""


def compile_for_ever(folder: Path) -> list[str]:
    """A command that compiles the engine's sources again and again."""
    sources = sorted((ROOT / "firmware" / "engine").glob("*.cpp"))
    script = " && ".join(f"c++ -std=c++14 -O2 -I{ROOT} -c {source} -o {folder}/one.o" for source in sources)
    return ["sh", "-c", f"while :; do {script}; done"]


def watch_the_machine(until: Event, stalls: Connection) -> None:
    """How late a real-time thread that does nothing wakes: sends the stalls longer than STALL_S, s."""
    late = []
    with urgent():
        while not until.is_set():
            due = time.monotonic() + WAKES_S
            time.sleep(WAKES_S)
            if time.monotonic() - due > STALL_S:
                late.append(time.monotonic() - due)
    stalls.send(late)


@contextlib.contextmanager
def machine_watched() -> Iterator[list[float]]:
    """The stalls of the machine during the context, which are there after its end."""
    found: list[float] = []
    ours, theirs = multiprocessing.Pipe()
    until = multiprocessing.Event()
    watcher = multiprocessing.Process(target=watch_the_machine, args=(until, theirs))
    watcher.start()
    try:
        yield found
    finally:
        until.set()
        found += ours.recv()
        watcher.join()


def main() -> None:
    """Prints what came of it."""
    parser = argparse.ArgumentParser(description="A host that plays beside a compile.")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--voice", default="glass")
    parser.add_argument("--alone", action="store_true", help="without the compile")
    asked = parser.parse_args()
    if MISSING:
        raise SystemExit(f"wanted PulseAudio, got no {', '.join(MISSING)}: install pulseaudio-utils")
    port = another(20000)
    with tempfile.TemporaryDirectory(prefix="lodestone-") as name, null_sink(Path(name)) as sink:
        folder = Path(name)
        live = [*LODESTONE, "live", "--voice", asked.voice, "--silent", "--port", str(port)]
        live += ["--target", f"127.0.0.1:{another(port)}", "--out", str(folder / "live")]
        host = [*LODESTONE, "host", asked.voice, "--board", "127.0.0.1", "--port", str(port), "--query", "0"]
        host += ["--seconds", str(60.0 * asked.minutes), "--cache", str(folder / "voices")]
        with subprocess.Popen(live, stderr=subprocess.PIPE, text=True) as board:
            try:
                assert board.stderr is not None
                begun = time.monotonic()
                while "Alive" not in board.stderr.readline():
                    assert time.monotonic() - begun < START_S
                    assert board.poll() is None
                with sink.heard(), machine_watched() as stalls:
                    compiler = None if asked.alone else subprocess.Popen(compile_for_ever(folder))
                    try:
                        done = subprocess.run(host, env=sink.environment, capture_output=True, text=True)
                    finally:
                        if compiler is not None:
                            compiler.kill()
                            compiler.wait()
            finally:
                board.send_signal(signal.SIGINT)
                said = board.stderr.read() if board.stderr else ""
    if done.returncode != 0:
        raise SystemExit(done.stderr[-500:])
    last = done.stderr.strip().splitlines()[-1]
    print(f"host   {last}")
    print("\n".join(f"board  {line}" for line in said.strip().splitlines()[-2:]))
    longest = 1e3 * max(stalls, default=0.0)
    counted = f"{len(stalls)} stalls of a real-time thread over {1e3 * STALL_S:g} ms"
    print(f"machine {counted}, longest {longest:.1f} ms")
    drop_outs = re.search(r"(\d+) drop-outs", last)
    raise SystemExit(1 if drop_outs is None or int(drop_outs[1]) > len(stalls) else 0)


if __name__ == "__main__":
    main()
