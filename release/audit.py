"""Known holes of what the lock file names, then the table of licences: `python -m release.audit PYTHON`.

PYTHON is one that has `pip-audit`, apart from ours, whose packages the table tells. It asks the package index
for what is known of each pinned version. A package that the index does not know is no package without holes:
it counts as not asked, and the audit has not taken place.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from errors import LodestoneError
from release import licences
from release.errors import ReleaseError

PATIENCE_S = 300.0
_ELSEWHERE = "ask again where pypi.org answers"
_WANTED = "the list of known holes of the pinned packages"


def holes(report: dict[str, Any]) -> list[str]:
    """What is known of the packages, a line each, from the JSON of `pip-audit`.

    Raises:
        ReleaseError: the index did not answer for some of them.
    """
    packages = report["dependencies"]
    silent = [one["name"] for one in packages if "skip_reason" in one]
    if silent:
        got = f"no answer for {len(silent)} of {len(packages)}, {silent[0]} among them"
        raise ReleaseError(_WANTED, got, _ELSEWHERE)
    return [
        f"{one['name']} {one['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'none'}"
        for one in packages
        for hole in one["vulns"]
    ]


def ask(python: str) -> dict[str, Any]:
    """The report of `pip-audit` about the lock file. Raises ReleaseError where it has none to give."""
    command = [python, "-m", "pip_audit", "--requirement", str(licences.LOCK), "--disable-pip"]
    command += ["--progress-spinner", "off", "--timeout", "10", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        raise ReleaseError(_WANTED, f"nothing within {PATIENCE_S:.0f} s", _ELSEWHERE) from None
    except OSError as error:
        raise ReleaseError("a Python with pip-audit", f"{python}: {error.strerror}", "install it") from None
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1][:200]
        raise ReleaseError(_WANTED, said, _ELSEWHERE) from None
    return report


def audit(ask: Callable[[], dict[str, Any]], table: Callable[[], None] = licences.main) -> int:
    """Both parts, each with its lines; the exit status is 1 where one has holes or did not take place."""
    status = 0
    try:
        report = ask()
        found = holes(report)
        print("\n".join(found) or f"no known hole in {len(report['dependencies'])} packages")
        status = 1 if found else 0
    except LodestoneError as error:
        print(f"release.audit: {error}", file=sys.stderr)
        status = 1
    try:
        table()
    except (LodestoneError, subprocess.SubprocessError) as error:
        print(f"release.audit: {error}", file=sys.stderr)
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(audit(functools.partial(ask, sys.argv[1] if len(sys.argv) > 1 else sys.executable)))
