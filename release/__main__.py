"""Makes a release: `python -m release VERSION`, into out/release.

Page, wheels, book and notes; the wheels for the Pythons of Debian are tried in a bare system, all of them
before it ends. It publishes nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from errors import LodestoneError
from files import write_text
from release import book, check, wheels
from release.errors import ReleaseError, run

ROOT = Path(__file__).resolve().parents[1]
VERSION = re.compile(r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?")
FILES = {"pyproject.toml": r'(?m)^version = "([^"]+)"', "CITATION.cff": r"(?m)^version: (\S+)"}
"""Where the version stands."""


def versions() -> dict[str, str]:
    """The version that each file names. Raises ReleaseError where one names none."""
    found = {}
    for name, pattern in FILES.items():
        said = re.search(pattern, (ROOT / name).read_text(encoding="utf-8"))
        if said is None:
            raise ReleaseError(f"a version in {name}", "none", "write it there")
        found[name] = said[1]
    return found


def notes(changelog: str, version: str) -> str:
    """The part of the CHANGELOG for `version`: under its own heading, else what is unreleased.

    Raises:
        ReleaseError: there is neither, or nothing in it.
    """
    parts = re.split(r"(?m)^## ", changelog)[1:]
    found = {re.split(r"[\s\]]", part.lstrip("["))[0]: part.partition("\n")[2].strip() for part in parts}
    text = found.get(version) or found.get("Unreleased")
    if not text:
        raise ReleaseError(f"a part of CHANGELOG.md for {version}", ", ".join(found), "write what changed")
    return f"# Lodestone {version}\n\n{text}\n"


def main(arguments: list[str]) -> None:
    """Makes all, in an order in which what is quick to fail comes first."""
    if len(arguments) != 1 or not VERSION.fullmatch(arguments[0]):
        raise ReleaseError("one version as 0.2.0", " ".join(arguments) or "none", "python -m release 0.2.0")
    version = arguments[0]
    others = {name: said for name, said in versions().items() if said != version}
    if others:
        got = ", ".join(f"{said} in {name}" for name, said in others.items())
        raise ReleaseError(f"version {version} everywhere", got, "write it there, and commit")
    out = ROOT / "out" / "release"
    shutil.rmtree(out, ignore_errors=True)
    write_text(out / "notes.md", notes((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), version))
    book.build(out / "book")
    run(["make", "page"], ROOT)
    shutil.copy(ROOT / "out" / "lodestone.html", out)
    wheels.main([str(out)])
    wrong = []
    for processor in check.PROCESSORS:
        if not check.runs_here(processor):
            print(f"no {processor} here, nor an emulator of it: its wheels were built and not tried")
            continue
        for tag in check.SYSTEMS:
            (wheel,) = out.glob(f"*-{tag}-*{processor}.whl")
            if check.main([str(wheel)]) != 0:
                wrong.append(wheel.name)
    if wrong:
        got = f"the lines above, of {', '.join(wrong)}"
        raise ReleaseError("wheels that do what the README says", got, "mend it")
    print(f"{out}: " + ", ".join(sorted(path.name for path in out.iterdir())))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (LodestoneError, subprocess.SubprocessError) as error:
        sys.exit(f"release: {error}")
