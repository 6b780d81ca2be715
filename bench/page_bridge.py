"""Figures of the bridge: `lodestone page --live` with a page in Chromium, `python -m bench.page_bridge`.

`--calibrate` also goes through the guided calibration on the page, with hands that move as a player's would;
`--spots` through the one with known spots. Both end with exit 1 where the verdict is not *ready*.
"""

from __future__ import annotations

import argparse
import contextlib
import math
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lodestone.live.load import process_seconds
from tests.support.chromium import Chromium, Tab

ROOT = Path(__file__).resolve().parents[1]
IN_PAGE = Path(__file__).with_name("page_figures.js")
STARTS_WITHIN_S = 300.0
MEASURED_S = 10.0
MARBLES = 3
STEP_S = 0.015
SPOTS = 16
SETTLES_S = 0.7


def free_port(kind: socket.SocketKind) -> int:
    """One that nobody has."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def live_page() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command, and the port of its page."""
    port, board = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    command = [
        sys.executable,
        "-m",
        "lodestone",
        "page",
        "--live",
        "--port",
        str(port),
        "--board-port",
        str(board),
    ]
    bridge = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + STARTS_WITHIN_S
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1.0):
                break
            time.sleep(0.2)
        yield bridge, port
    finally:
        bridge.send_signal(signal.SIGINT)
        try:
            bridge.wait(30)
        except subprocess.TimeoutExpired:
            bridge.kill()
            bridge.wait()


def opened(browser: Chromium, port: int) -> Tab:
    """The page, once marbles of the simulated world lie on it."""
    tab = browser.tab()
    tab.open(f"http://127.0.0.1:{port}/?board")
    tab.ready()
    tab.js(IN_PAGE.read_text("utf-8"))
    tab.until("lodestone.instrument.world && lodestone.panel.status", STARTS_WITHIN_S)
    return tab


def bridge_rows(tab: Tab, bridge: subprocess.Popen[bytes]) -> Iterator[tuple[str, str]]:
    """What is measured, with its figure."""
    began, at = process_seconds(bridge.pid), time.monotonic()
    rate = tab.js(f"lodestoneBench.touches({1000 * MEASURED_S})")
    share = (process_seconds(bridge.pid) - began) / (time.monotonic() - at)
    yield "touch frames shown, of 200 a second", f"{rate:.1f}"
    yield "Python of the bridge meanwhile", f"{100 * share:.1f} % of a core"
    waits = sorted(tab.js("lodestoneBench.dragToPage(24)"))
    yield "drag to board to page, median (longest)", f"{statistics.median(waits):.0f} ({waits[-1]:.0f}) ms"


def press(tab: Tab, words: str) -> None:
    """Presses a button of the guide, once it is there."""
    find = f"[...document.querySelectorAll('#guide-buttons button')].find((b) => b.textContent === '{words}')"
    tab.until(find, 120)
    tab.js(f"{find}.click()")


def alone(tab: Tab, seconds: float = 12.5) -> None:
    """One marble over every ring and between them."""
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        ring = 2.0 * math.pi * now / seconds
        far = 65.0 + 12.0 * math.cos(5.0 * ring)
        x, y = -far * math.cos(ring), far * math.sin(ring)
        carry(tab, 0, x + 16.0 * math.cos(9.0 * ring), y + 16.0 * math.sin(9.0 * ring))


def together(tab: Tab, seconds: float = 40.0) -> None:
    """All marbles, near and far."""
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        for i in range(MARBLES):
            turn = 2.1 * now + 2.0 * i
            far = 65.0 + 42.0 * math.sin(0.83 * now + i)
            x, y = far * math.cos(0.37 * turn), far * math.sin(0.37 * turn)
            carry(tab, i, x + 22.0 * math.cos(2.3 * turn), y + 22.0 * math.sin(2.3 * turn))


def carry(tab: Tab, marble: int, x: float, y: float) -> None:
    """A hand has it there."""
    tab.js(f"lodestoneBench.carry({marble}, {x:.1f}, {y:.1f})")
    time.sleep(STEP_S)


def away(tab: Tab) -> None:
    """Puts all marbles away, and waits until the simulated world has them there."""
    tab.js("lodestoneBench.away()")
    tab.until("lodestone.magnets.list.every((marble) => !marble.out && !marble.asked)", 60)
    time.sleep(1.0)


def spots(tab: Tab) -> None:
    """The ball on one mark after another, in its cup."""
    away(tab)
    for number in range(1, SPOTS + 1):
        tab.until(f"lodestone.guide.step?.name === 'known spot {number} of {SPOTS}'", 60)
        tab.js("lodestoneBench.inCup()")
        time.sleep(SETTLES_S)
        press(tab, "Ready")


def calibrate_rows(tab: Tab, with_spots: bool) -> Iterator[tuple[str, str]]:
    """Through the guided calibration, to the board and back."""
    began = time.monotonic()
    tab.click("#calibrate")
    press(tab, "With known spots" if with_spots else "Begin")
    tab.until("lodestone.guide.step?.name === 'empty board'", 60)
    away(tab)
    press(tab, "Ready")
    press(tab, "Go on")
    press(tab, "Ready")
    alone(tab)
    together(tab)
    yield "advice at the end of free play", tab.js("document.getElementById('guide-advice').textContent")
    press(tab, "Go on")
    if with_spots:
        spots(tab)
    else:
        press(tab, "Skip")  # the one ball on one spot
    tab.until(
        "[...document.querySelectorAll('#guide-buttons button')].some((b) => b.textContent === 'Close')", 120
    )
    yield "verdict", tab.js("document.getElementById('verdict').textContent")
    yield "its reasons", tab.js("document.getElementById('guide-list').textContent")
    yield "guided calibration took", f"{time.monotonic() - began:.0f} s"
    for words in ("Send to the board", "Undo"):
        press(tab, words)
        tab.until(
            "[...document.querySelectorAll('#guide-buttons button')].some((b) => b.textContent === 'Again')",
            180,
        )
        yield (
            words,
            tab.js("[...document.querySelectorAll('#guide-list li')].map((l) => l.textContent).join('; ')"),
        )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calibrate", action="store_true", help="through the guided calibration as well")
    parser.add_argument("--spots", action="store_true", help="the calibration with known spots")
    arguments = parser.parse_args()
    with live_page() as (bridge, port), Chromium() as browser:
        tab = opened(browser, port)
        for what, figure in bridge_rows(tab, bridge):
            print(f"{what:46} {figure}", flush=True)
        if arguments.calibrate or arguments.spots:
            rows = dict[str, str]()
            for what, figure in calibrate_rows(tab, arguments.spots):
                print(f"{what:46} {figure}", flush=True)
                rows[what] = figure
            if not rows["verdict"].startswith("Ready"):
                raise SystemExit(1)


if __name__ == "__main__":
    main()
