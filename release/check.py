"""Tries a wheel in a bare system: `python -m release.check WHEEL [FOLDER]`, as root on Debian.

FOLDER becomes a Debian 12 of its own with nothing but python3 (debootstrap). What the wheel needs is fetched
here and carried in; there, without a network, it is installed as pipx does, into an environment of its own,
and every row of the README's table is tried (release/rows.py). What the package holds must be the same
afterwards.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from errors import LodestoneError
from release.errors import ReleaseError, run

ROOT = Path(__file__).resolve().parents[1]
SUITE, PYTHON = "bookworm", "cp311"
PLACE = "/opt/lodestone"
BOARD = "192.168.7.2"
"""Where a board on the USB cable answers; in there the simulated one does."""
INSIDE = """set -e
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
python3 -m venv {place}
{place}/bin/python -m pip install -q --no-index --find-links /house {wheel}
cd {place}/lib/python3*/site-packages
listed() {{ find . -name __pycache__ -prune -o -type f -print0 | sort -z | xargs -0 sha256sum; }}
listed > /before
mkdir -p /player && cd /player
python3 /try/rows.py /try/README.md /try/mapping.md {place}/bin/lodestone
cd {place}/lib/python3*/site-packages && listed | cmp - /before && echo "nothing was written into the package"
"""


def bare_system(folder: Path) -> None:
    """A Debian with python3 and nothing else of ours; kept where it is there."""
    if (folder / "usr" / "bin" / "python3").exists():
        return
    form = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    known = run(form).split()
    if not known:
        raise ReleaseError("apt with Debian's repository", "none", "run it on a Debian machine")
    run(["debootstrap", "--variant=minbase", "--include=python3,python3-venv", SUITE, folder, known[0]])


def carry(wheel: Path, folder: Path) -> None:
    """The wheel and all that it needs, and what is to be tried."""
    house, script = folder / "house", folder / "try"
    for place in (house, script):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
    shutil.copy(wheel, house)
    pip: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "-d",
        house,
        "--only-binary=:all:",
    ]
    run(
        [
            *pip,
            f"--python-version={PYTHON[2]}.{PYTHON[3:]}",
            "--platform=manylinux_2_28_x86_64",
            "--platform=manylinux_2_17_x86_64",
            "--platform=manylinux2014_x86_64",
            wheel,
        ]
    )
    for file in ("release/rows.py", "README.md", "docs/mapping.md"):
        shutil.copy(ROOT / file, script)


def check(wheel: Path, folder: Path) -> int:
    """The exit status of the trial; it prints as it goes."""
    if PYTHON not in wheel.name:
        raise ReleaseError(f"a wheel for {PYTHON}, Debian's Python", wheel.name, "give that one")
    bare_system(folder)
    carry(wheel, folder)
    for old in ("opt/lodestone", "player"):
        shutil.rmtree(folder / old, ignore_errors=True)
    script = INSIDE.format(place=PLACE, wheel=f"/house/{wheel.name}")
    (folder / "inside.sh").write_text(script, encoding="utf-8")
    # A network of its own, in which there is only itself.
    steps = f"ip link set lo up; ip address add {BOARD}/24 dev lo; "
    steps += f"mount -t proc proc {folder}/proc; mount --rbind /dev {folder}/dev; "
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c"]
    bare = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}  # no settings of this machine, of pip or others
    done = subprocess.run([*command, steps + f"exec chroot {folder} sh /inside.sh"], env=bare, check=False)
    return done.returncode


def main(arguments: list[str]) -> int:
    """Checks the wheel that is named."""
    if not arguments:
        raise ReleaseError("a wheel", "none", "make one: `python -m release.wheels --only cp311-x86_64`")
    folder = Path(arguments[1] if len(arguments) > 1 else ROOT / "build" / "bare-system").resolve()
    return check(Path(arguments[0]).resolve(), folder)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (LodestoneError, subprocess.SubprocessError) as error:
        sys.exit(f"release.check: {error}")
