"""Every picture and sound of README and docs, from this commit: `python -m bench.pictures_and_sounds`.

The page and its pictures (Chromium), the performance of `make play` as a picture, and a few seconds of every
mapping and voice; minutes. What lies in docs/images or docs/sounds and was not made is told, and fails.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "docs" / "images", ROOT / "docs" / "sounds")
WORK = ROOT / "out" / "first-sound"
COLOURS = 96
STEPS = (
    ("make", "page"),
    (sys.executable, "-m", "bench.page_pictures"),
    (sys.executable, "-m", "lodestone", "play", "--jumps", "4", "--out", str(WORK)),
    (sys.executable, "-m", "bench.sounds"),
)


def left_behind(since: float) -> list[str]:
    """Files of the docs that are older than `since`, seconds of the file system's clock."""
    files = [path for folder in FOLDERS for path in folder.iterdir() if path.stat().st_mtime < since]
    return sorted(str(path.relative_to(ROOT)) for path in files)


def packed(picture: Path, to: Path) -> None:
    """A PNG in a palette, which is a fifth of its size; its texts stay (`lodestone.picture.COURSE`)."""
    with Image.open(picture) as whole:
        texts = PngInfo()
        for name, text in whole.text.items():
            texts.add_text(name, text)
        whole.convert("RGB").quantize(COLOURS).save(to, optimize=True, pnginfo=texts)


def main() -> int:
    """Makes all; the exit status is 1 where a file is made by none of the steps."""
    began = time.time()
    for step in STEPS:
        print(" ".join(step), flush=True)
        subprocess.run(step, cwd=ROOT, check=True)
    packed(WORK / "performance.png", FOLDERS[0] / "first-sound.png")
    forgotten = left_behind(began)
    print("\n".join(f"{name}: nothing makes it" for name in forgotten) or "all are of this commit")
    return int(bool(forgotten))


if __name__ == "__main__":
    sys.exit(main())
