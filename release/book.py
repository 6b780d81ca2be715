"""Builds the book: `python -m release.book [OUT]`, a folder that opens without a server or a network.

Its pages are the Markdown of docs/ and of the root as they stand; links to what is no page become plain text,
pictures come along, sounds have a player behind their link, and the modules that docs/python.md names are
described by their docstrings. A warning of mkdocs (a link that leads nowhere, a page that no chapter has) is
an error.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from errors import LodestoneError
from release.errors import ReleaseError, run

ROOT = Path(__file__).resolve().parents[1]
ROOT_PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
WORKER = Path(__file__).with_name("search_worker.js")
FETCHED = "https://unpkg.com/iframe-worker/shim"
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?!https?:|#)([^)\s#]+)(#[^)\s]*)?\)")


def gather(source: Path) -> None:
    """Puts all pages and pictures into `source`, an empty folder, with their links mended."""
    shutil.copytree(ROOT / "docs", source)
    for name, copied in ROOT_PAGES.items():
        shutil.copy(ROOT / name, source / copied)
    origins = {source / page: ROOT / name for name, page in ROOT_PAGES.items()}
    for page in sorted(source.rglob("*.md")):
        origin = origins.get(page, ROOT / "docs" / page.relative_to(source))
        text = page.read_text(encoding="utf-8")
        page.write_text(_mended(text, origin, page, source), encoding="utf-8")


def _mended(text: str, origin: Path, page: Path, source: Path) -> str:
    """`text` of the file `origin`, for its place `page` in the book."""

    def mend(link: re.Match[str]) -> str:
        picture, words, target, anchor = link[1], link[2], link[3], link[4] or ""
        file = (origin.parent / target).resolve()
        if not file.exists():
            raise ReleaseError(f"{target}, linked from {origin.name}", "no such file", "correct the link")
        place = file.relative_to(ROOT)
        if place.parts[0] == "docs":
            to = source / place.relative_to("docs")
        elif str(place) in ROOT_PAGES:
            to = source / ROOT_PAGES[str(place)]
        elif picture:
            to = source / "images" / "-".join(place.parts)
            shutil.copy(file, to)
        else:
            return words
        return f"{picture}[{words}]({Path(os.path.relpath(to, page.parent)).as_posix()}{anchor})"

    parts = re.split(r"(^```.*?^```)", text, flags=re.M | re.S)
    # What stands in two pairs of brackets is arithmetic here, and would be a reference there.
    return "".join(
        part if part.startswith("```") else LINK.sub(mend, part).replace("][", "]\\[") for part in parts
    )


def build(out: Path) -> Path:
    """Builds the book into `out` and returns its first page. Raises ReleaseError with every warning."""
    source = ROOT / "out" / "book-source"
    shutil.rmtree(source, ignore_errors=True)
    gather(source)
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    run([sys.executable, "-m", "mkdocs", "build", "--strict", "-d", out], ROOT, environment)
    _alone(out)
    return out / "index.html"


def _sounding(page: str) -> str:
    """A page in which each link to a sound has a player behind it."""
    player = r'\g<0> <audio controls preload="none" src="\1"></audio>'
    return re.sub(r'<a href="([^"]+\.opus)">[^<]*</a>', player, page)


def _alone(out: Path) -> None:
    """Gives the search a worker of ours, in place of one that would be fetched when the book is read."""
    shutil.copy(WORKER, out / "assets" / "javascripts" / WORKER.name)
    for page in out.rglob("*.html"):
        up = "../" * (len(page.relative_to(out).parts) - 1)
        text = _sounding(page.read_text(encoding="utf-8"))
        text = text.replace(FETCHED, f"{up}assets/javascripts/{WORKER.name}")
        fetched = re.findall(
            r'(?:src|href)="(https?:[^"]*\.(?:js|css|woff2?|png|svg))"|src="(https?:[^"]*)"', text
        )
        if fetched:
            raise ReleaseError("a book that asks nothing of the network", str(fetched[:3]), "carry it along")
        page.write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> None:
    """Builds the book where it is asked for."""
    print(build(Path(arguments[0] if arguments else ROOT / "out" / "book").resolve()))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (LodestoneError, subprocess.SubprocessError) as error:
        sys.exit(f"release.book: {error}")
