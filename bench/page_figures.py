"""Figures of the page in a headless Chromium, after `make page`: `python -m bench.page_figures`."""

from __future__ import annotations

import argparse
import base64
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support import tiny
from tests.support.chromium import Chromium, Tab

FILE = Path(__file__).resolve().parents[1] / "out" / "lodestone.html"
SCENE_CHANGES = 20
SHORT_HOP = 128
TICK = os.sysconf("SC_CLK_TCK")
IN_PAGE = Path(__file__).with_suffix(".js")
AUDIO_THREADS = ("Realtime AudioW", "AudioOutputDevi")


def renderers() -> list[int]:
    """Processes of pages, of this user's browsers."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if b"--type=renderer" in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def audio_seconds() -> float:
    """Processor seconds of all audio threads in pages."""
    total = 0.0
    for pid in renderers():
        for thread in Path(f"/proc/{pid}/task").glob("*"):
            try:
                if (thread / "comm").read_text().startswith(AUDIO_THREADS):
                    fields = (thread / "stat").read_text().rsplit(")", 1)[1].split()
                    total += (int(fields[11]) + int(fields[12])) / TICK
            except OSError:
                continue
    return total


def start(tab: Tab) -> None:
    """Opens the file and lets it sound."""
    tab.open(FILE.as_uri())
    tab.ready()
    tab.js(IN_PAGE.read_text("utf-8"))
    tab.click("#start")
    tab.until("lodestone.panel.status")


def ready_ms(browser: Chromium, times: int = 5) -> float:
    """Median time from opening to the button that plays."""
    found = []
    for _ in range(times):
        tab = browser.tab()
        tab.open(FILE.as_uri())
        tab.ready()
        found.append(float(tab.js("performance.getEntriesByName('lodestone-ready')[0].startTime")))
        tab.open("about:blank")
    return statistics.median(found)


def audio_share(tab: Tab, seconds: float = 8.0) -> float:
    """Share of a core that the audio thread takes while one voice plays."""
    time.sleep(3)
    began, at = audio_seconds(), time.monotonic()
    time.sleep(seconds)
    return (audio_seconds() - began) / (time.monotonic() - at)


def voices_to_time(tab: Tab) -> Iterator[tuple[str, str]]:
    """Name and scene (an expression of the page): the first voice, and one of a short hop."""
    first, long = tab.js("(({ voice, hop }) => [voice, hop])(lodestone.facts.scenes[0])")
    yield f"{first}, hop {long}", "lodestoneBench.scene(0)"
    hop, place = tab.js("lodestoneBench.shortest()")
    if hop <= SHORT_HOP:
        yield (
            f"{tab.js(f'lodestone.facts.scenes[{place}].voice')}, hop {hop}",
            f"lodestoneBench.scene({place})",
        )
    else:
        plan = base64.b64encode(tiny.voice_plan(SHORT_HOP)).decode()
        yield f"a sine, hop {SHORT_HOP}", f"lodestoneBench.foreign('{plan}')"


def device_underruns(tab: Tab) -> float | None:
    """Gaps that the browser counts at the sound card, where it counts them."""
    value = tab.js("(lodestone.instrument.audio.playbackStats ?? {}).underrunEvents ?? null")
    return None if value is None else float(value)


def soak(tab: Tab, minutes: float) -> tuple[int, float | None]:
    """Underruns of the ring and of the device, beside a busy core, with scene changes."""
    before = device_underruns(tab)
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        names = tab.js("lodestone.facts.scenes.map((s) => s.name)")
        for change in range(SCENE_CHANGES):
            tab.js(f"lodestone.send('/scene', 's', '{names[(change + 1) % len(names)]}')")
            time.sleep(60 * minutes / SCENE_CHANGES)
    finally:
        busy.kill()
        busy.wait()
    after = device_underruns(tab)
    lost = None if before is None or after is None else after - before
    return int(tab.js("lodestone.instrument.underruns")), lost


def row(what: str, figure: str) -> None:
    """One line of the table."""
    print(f"{what:46} {figure}", flush=True)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="of the soak beside a busy core")
    arguments = parser.parse_args()
    with Chromium() as browser:
        row("one file with all shipped voices", f"{FILE.stat().st_size / 1e6:.2f} MB")
        row("ready after opening, median of 5", f"{ready_ms(browser):.0f} ms")
        tab = browser.tab()
        start(tab)
        away = [url for url in tab.requests if not url.startswith(("file:", "data:"))]
        row("requests elsewhere", str(len(away)))
        row("audio thread, one voice", f"{100 * audio_share(tab):.1f} % of a core")
        pings = sorted(tab.js("lodestone.instrument.pingMs()") for _ in range(60))
        way = statistics.median(pings) / 2
        row("page to audio thread, half a way back and forth", f"{way:.1f} ms")
        for name, scene in voices_to_time(tab):
            waits = tab.js(f"lodestoneBench.fieldToSound({scene})")
            mean = statistics.mean(waits)
            row(f"{name}: field to first changed sample (max)", f"{mean:.1f} ({max(waits):.1f}) ms")
            row(f"{name}: drag to first changed sample, mean", f"{mean + way:.1f} ms")
        tab.js("lodestoneBench.round()")
        gaps = sorted(tab.js("lodestoneBench.pictures(8000)"))
        row("pictures while a marble moves, 1280 x 800", f"{1000 * len(gaps) / sum(gaps):.1f} a second")
        row("longest, 99 % (level of effort)", f"{gaps[-1]:.0f}, {gaps[len(gaps) * 99 // 100]:.0f} ms"
            f" ({tab.js('lodestone.board.effort')})")  # fmt: skip
        ring, device = soak(tab, arguments.minutes)
        row(
            f"underruns in {arguments.minutes:g} min, a busy core, {SCENE_CHANGES} scenes",
            f"{ring} of the ring",
        )
        row("gaps at the device meanwhile", "not counted here" if device is None else f"{device:.0f}")


if __name__ == "__main__":
    main()
