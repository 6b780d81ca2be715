"""The book: built without a warning, whole, readable from a folder without a network."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from release import book
from release.book import ROOT, build
from release.errors import ReleaseError
from tests.support.chromium import chromium, executable
from voices import catalogue


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("book") / "book").parent


def test_every_page_is_in_it_and_can_be_found(built: Path) -> None:
    index = json.loads((built / "search" / "search_index.json").read_text(encoding="utf-8"))
    found = {entry["location"].split("#")[0] for entry in index["docs"]}
    pages = {f"{page.stem}.html" for page in (ROOT / "docs").glob("*.md")}
    assert pages | {"index.html", "architecture.html", "changelog.html", "contributing.html"} <= found
    texts = " ".join(entry["text"] for entry in index["docs"] if entry["location"].startswith("python.html"))
    assert "Replaces the file" in texts  # of files.write_bytes: its docstring


def test_every_sound_has_a_player(built: Path) -> None:
    pages = [page.read_text(encoding="utf-8") for page in built.glob("*.html")]
    played = {
        name for page in pages for name in re.findall(r'<audio controls preload="none" src="([^"]+)">', page)
    }
    sounds = {f"sounds/{path.name}" for path in (ROOT / "docs" / "sounds").iterdir()}
    assert played == sounds >= {f"sounds/voice-{voice.name}.opus" for voice in catalogue.shipped()}
    assert all((built / name).is_file() for name in played)


def test_nothing_is_fetched(built: Path) -> None:
    for page in built.rglob("*.html"):
        assert "unpkg.com" not in page.read_text(encoding="utf-8"), page


@pytest.mark.skipif(executable() is None, reason="no Chromium")
def test_it_is_searched_from_a_folder(built: Path) -> None:
    with chromium() as browser:
        tab = browser.tab()
        tab.open(f"file://{built}/glossary.html?q=entanglement")
        tab.until("document.querySelectorAll('.md-search-result__item').length > 3")
        assert [url for url in tab.requests if not url.startswith(("file:", "data:", "about:"))] == []


def test_a_link_that_leads_nowhere_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "one.md").write_text("[here](nowhere.md)", encoding="utf-8")
    monkeypatch.setattr(book, "ROOT", tmp_path)
    monkeypatch.setattr(book, "ROOT_PAGES", {})
    with pytest.raises(ReleaseError, match=r"nowhere\.md"):
        book.gather(tmp_path / "source")
