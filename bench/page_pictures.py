"""Pictures of the page for README and docs, after `make page`: `python -m bench.page_pictures`."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tests.support.chromium import Chromium, Tab

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "out" / "lodestone.html"
PLACES = ((-8, 84), (-92, 20), (70, -52))
ROUND = """(() => {
  const m = lodestone.magnets.list;
  let k = 0;
  lodestone.demo = setInterval(() => {
    k += 0.09;
    m[1].x = -40 + 46 * Math.sin(k);
    m[1].y = -6 + 34 * Math.sin(1.7 * k);
    m[0].x = 10 + 40 * Math.sin(0.6 * k);
    lodestone.moved();
  }, 16);
})()"""
WHOLE = "Object.assign(lodestone.board, { effort: 0, pace: () => {} }).makeFilings()"
"""A busy machine draws with less; a picture shows the whole."""
PLAY_S = 7.0


def play(tab: Tab, seconds: float = PLAY_S) -> None:
    """Starts the sound, moves two marbles for a while, and leaves them where they look well."""
    tab.open(FILE.as_uri())
    tab.ready()
    tab.click("#start")
    tab.until("lodestone.panel.status")
    tab.js("lodestone.magnets.list.forEach((m) => (m.held = lodestone))")
    tab.js(ROUND)
    time.sleep(seconds)
    tab.js("clearInterval(lodestone.demo)")
    for number, (x, y) in enumerate(PLACES):
        tab.js(f"void Object.assign(lodestone.magnets.list[{number}], {{ x: {x}, y: {y} }})")
    tab.js(WHOLE)
    tab.js("lodestone.moved()")
    time.sleep(0.5)


def main() -> None:
    """Writes the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with Chromium() as browser:
        for name, scheme, width, height, phone in (
            ("page", "dark", 1280, 800, False),
            ("page-light", "light", 1280, 800, False),
            ("page-phone", "dark", 390, 844, True),
        ):
            if arguments.only not in name:
                continue
            tab = browser.tab(width, height)
            tab.theme(scheme)
            tab.size(width, height, phone)
            play(tab)
            tab.picture(arguments.out / f"{name}.jpg")
            print(arguments.out / f"{name}.jpg", tab.faults or "")
            tab.open("about:blank")


if __name__ == "__main__":
    main()
