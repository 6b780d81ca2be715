"""The built page, and a browser for the tests of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.chromium import Chromium, executable

OUT = Path(__file__).resolve().parents[2] / "out"
REQUIRED = os.environ.get("LODESTONE_PAGE") == "required"


@pytest.fixture(scope="session")
def page_file() -> Path:
    """The one file, as `make page` wrote it; `make test` calls that where the compiler is there."""
    file = OUT / "lodestone.html"
    if executable() is None or not file.is_file():
        missing = "Chromium" if executable() is None else "out/lodestone.html (make page)"
        assert not REQUIRED, f"wanted {missing} for the tests of the page, got none"
        pytest.skip(f"without {missing} the page is not tested")
    return file


@pytest.fixture(scope="module")
def browser(page_file: Path) -> Iterator[Chromium]:
    """One browser for the tests of a module."""
    with Chromium() as made:
        yield made
