"""An audit tells of holes, and never takes silence for safety."""

from __future__ import annotations

import pytest

from release.audit import audit
from release.errors import ReleaseError

PLAIN = {"name": "numpy", "version": "2.0", "vulns": []}
HOLED = {"name": "pillow", "version": "9.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["9.1"]}]}
SILENT = {"name": "typer", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "status", "told"),
    [
        ([PLAIN], 0, "no known hole in 1 packages"),
        ([PLAIN, HOLED], 1, "pillow 9.0: PYSEC-1, mended in 9.1"),
        ([PLAIN, SILENT], 1, "no answer for 1 of 2, typer among them"),
    ],
)
def test_what_is_told(
    packages: list[object], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    licences: list[int] = []
    assert audit(lambda: {"dependencies": packages}, lambda: licences.append(1)) == status
    assert told in "".join(capsys.readouterr())
    assert licences


def test_without_the_list_one_line_and_the_licences(capsys: pytest.CaptureFixture[str]) -> None:
    def silent() -> dict[str, object]:
        raise ReleaseError("the list of known holes", "no answer", "ask again")

    licences: list[int] = []
    assert audit(silent, lambda: licences.append(1)) == 1
    said = capsys.readouterr().err
    assert said == "release.audit: wanted the list of known holes, got no answer: ask again\n"
    assert licences
