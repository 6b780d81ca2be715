"""The lock file covers what the project asks for, with hashes; the table of licences is of that lock file."""

from __future__ import annotations

import re
import sys
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from release.errors import ReleaseError
from release.licences import (
    BEGIN,
    END,
    LOCK,
    PAGE,
    canonical,
    dependencies,
    hashes_missing,
    locked,
    players,
    renewed,
    stated,
)

TEXT = LOCK.read_text(encoding="utf-8")


def page_rows() -> dict[str, str]:
    made = PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    rows = [line.strip("| ").split(" | ") for line in made.splitlines()[2:]]
    return {row[0]: row[1] for row in rows}


def test_every_package_has_a_version_and_hashes_and_no_address() -> None:
    assert len(locked(TEXT)) > 100
    assert hashes_missing(TEXT) == []
    assert not re.search(r"https?:|file:|index-url|find-links", TEXT)
    assert hashes_missing(re.sub(r"(?m)^(numpy==2\.4.*?)\\\n(    --hash.*\n)+", r"\1\n", TEXT)) == ["numpy"]


OF_CHOICE = re.compile(r"extra == .(midi|peers).")
"""What no `make` installs: a driver of MIDI, and engines to be compared with."""


def test_what_the_project_asks_for_is_in_the_lock_file() -> None:
    asked = [Requirement(one) for one in metadata.requires("lodestone") or [] if not OF_CHOICE.search(one)]
    lines = dict(
        re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)(?: ; python_full_version >= [^\n]*)? \\", TEXT, re.M)
    )
    for one in asked:
        name = canonical(one.name)
        if name != "lodestone":
            assert name in locked(TEXT), name
            assert one.specifier.contains(lines.get(name, locked(TEXT)[name]), prereleases=True), one


def test_the_table_is_of_the_lock_file() -> None:
    rows = page_rows()
    assert set(rows) == set(locked(TEXT)), "run `make audit`"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="other versions of some packages")
def test_the_licences_are_those_of_what_is_installed() -> None:
    rows, seen = page_rows(), 0
    for name, version in locked(TEXT).items():
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        if found.version == version:
            assert stated(found) == rows[name], name
            seen += 1
    assert seen > 50


def test_the_players_packages_are_followed() -> None:
    needed = players(dependencies())
    assert {"numpy", "typer", "click", "uvicorn"} <= needed
    assert not needed & {"pytest", "mkdocs", "ruff"}


def test_a_page_without_marks_is_refused() -> None:
    page = PAGE.read_text(encoding="utf-8")
    again = page.partition(BEGIN)[2].partition(END)[0]
    assert renewed(page, again) == page
    with pytest.raises(ReleaseError, match="marks"):
        renewed("no marks", again)
