"""Tries a wheel in bare systems: `python -m release.check WHEEL [--suite SUITE]`, as root on Debian.

In build/bare-SUITE lies a Debian of its own, whose Python the wheel is for, with nothing but python3 and pipx
(debootstrap). What the wheel needs is fetched here and carried in; there, without a network, a user who has
nothing yet installs it by pipx and plays (how long that takes is told), then tries every command of README
and book (release/rows.py). What the package holds must be the same afterwards. A wheel for another processor
than this machine's is tried where that one is emulated (Debian's qemu-user-binfmt), with the first commands
alone.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from errors import LodestoneError
from release.errors import ReleaseError, run

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = {"cp311": ("bookworm",), "cp312": ("trixie", "sid")}
"""For a wheel's tag the Debians that have a Python for it (3.11; 3.13, and what is newest); none has 3.10."""
PROCESSORS = {"x86_64": "amd64", "aarch64": "arm64"}
"""In a wheel's name, and as Debian calls them."""
EMULATORS = Path("/proc/sys/fs/binfmt_misc")
HOME = "/home/player"
OF_PIPX = ("pip", "setuptools", "wheel")
"""What pipx fetches before it installs anything."""
BOARD = "192.168.7.2"
"""Where a board on the USB cable answers; in there the simulated one does."""
AS_PLAYER = f"""set -e
id player > /dev/null 2>&1 || useradd --create-home --home-dir {HOME} --shell /bin/bash player
cd {HOME}
exec setpriv --reuid=player --regid=player --clear-groups env -i HOME={HOME} USER=player SHELL=/bin/bash \\
  PATH={HOME}/.local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 PIP_NO_INDEX=1 PIP_FIND_LINKS=/house bash /try/inside.sh
"""
INSIDE = """set -e
mkdir evening && cd evening
TIMEFORMAT='from nothing to first sound: %R s, of the processor %U + %S s'
time {{ pipx install {wheel} && lodestone play; }}
test -s out/performance.wav
package=$(dirname "$(readlink -f ~/.local/bin/lodestone)")/../lib
listed() {{
  find "$package" -name __pycache__ -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
}}
listed > ~/before
status=0
PYTHONPATH=/try python3 -m release.rows /try/README.md /try/docs ~/.local/bin/lodestone {how} || status=1
listed | cmp - ~/before && echo "nothing was written into the package" || status=1
exit $status
"""


def runs_here(processor: str) -> bool:
    """Whether programs for `processor` run on this machine, emulated or not."""
    mine = platform.machine() == processor
    return mine or any(processor in path.name for path in EMULATORS.glob("*"))


def bare_system(folder: Path, suite: str, processor: str) -> None:
    """A Debian with python3, pipx and nothing else of ours; kept where it is there."""
    if (folder / "usr" / "bin" / "pipx").exists():
        return
    form = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    known = run(form).split()
    if not known:
        raise ReleaseError("apt with Debian's repository", "none", "run it on a Debian machine")
    with_pipx = "--include=python3,python3-venv,pipx"
    kind = f"--arch={PROCESSORS[processor]}"
    run(["debootstrap", "--variant=minbase", kind, with_pipx, suite, folder, known[0]])


def carry(wheel: Path, folder: Path, python: str, processor: str) -> None:
    """The wheel and all that it needs for that Python and processor, and what is to be tried."""
    house, script = folder / "house", folder / "try"
    for place in (house, script):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        place.chmod(0o755)
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
            f"--python-version={python}",
            f"--platform=manylinux_2_28_{processor}",
            f"--platform=manylinux_2_17_{processor}",
            f"--platform=manylinux2014_{processor}",
            wheel,
            *OF_PIPX,
        ]
    )
    shutil.copy(ROOT / "README.md", script)
    shutil.copytree(ROOT / "docs", script / "docs")
    (script / "release").mkdir()
    for name in ("__init__.py", "doc_commands.py", "rows.py"):
        shutil.copy(ROOT / "release" / name, script / "release")


def systems_of(wheel: Path) -> tuple[tuple[str, ...], str]:
    """The Debians in which a wheel is tried, and its processor. Raises ReleaseError where there is none."""
    tag = wheel.name.removesuffix(".whl").split("-")[2:]
    processor = next((each for each in PROCESSORS if tag and tag[-1].endswith(each)), "")
    if len(tag) != 3 or tag[0] not in SYSTEMS or not processor:
        wanted = f"a wheel for {' or '.join(PROCESSORS)} and {' or '.join(SYSTEMS)}, the Pythons of Debian"
        raise ReleaseError(wanted, wheel.name, "give one of those")
    return SYSTEMS[tag[0]], processor


def check(wheel: Path, suite: str, processor: str) -> int:
    """The exit status of the trial in one system; it prints as it goes."""
    mine = processor == platform.machine()
    folder = ROOT / "build" / (f"bare-{suite}" if mine else f"bare-{suite}-{processor}")
    bare_system(folder, suite, processor)
    said = "import sys; print('.'.join(map(str, sys.version_info[:2])))"
    python = run(["chroot", folder, "python3", "-c", said]).strip()
    emulated = "" if mine else f", {processor} emulated"
    size = f"{wheel.stat().st_size / 1e6:.1f} MB"
    print(f"{wheel.name}, {size}, in {suite} with Python {python}{emulated}", flush=True)
    carry(wheel, folder, python, processor)
    # A player of yesterday would have settings, caches and the package.
    forget = f"! id player > /dev/null 2>&1 || /usr/sbin/userdel player; rm -rf {HOME}"
    run(["chroot", folder, "sh", "-c", forget])
    inside = INSIDE.format(wheel=f"/house/{wheel.name}", how="" if mine else "--first")
    (folder / "as-player.sh").write_text(AS_PLAYER, encoding="utf-8")
    (folder / "try" / "inside.sh").write_text(inside, encoding="utf-8")
    # A network of its own, in which there is only itself.
    steps = f"ip link set lo up; ip address add {BOARD}/24 dev lo; "
    steps += f"mount -t proc proc {folder}/proc; mount --rbind /dev {folder}/dev; "
    command = ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c"]
    bare = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}  # no settings of this machine, of pip or others
    done = subprocess.run([*command, steps + f"exec chroot {folder} sh /as-player.sh"], env=bare, check=False)
    return done.returncode


def main(arguments: list[str]) -> int:
    """Checks the wheel that is named, in each of its systems; 1 where it failed in one."""
    ask = argparse.ArgumentParser(prog="python -m release.check", description="A wheel in bare systems.")
    ask.add_argument("wheel", type=Path, help="as `python -m release.wheels --only cp311-x86_64` makes it")
    ask.add_argument("--suite", help="one Debian alone")
    asked = ask.parse_args(arguments)
    wheel = asked.wheel.resolve()
    suites, processor = systems_of(wheel)
    if asked.suite is not None and asked.suite not in suites:
        raise ReleaseError(f"a suite out of {', '.join(suites)}", asked.suite, "name one of these")
    if not wheel.is_file():
        raise ReleaseError("a wheel", f"no file {asked.wheel}", "make one: `python -m release.wheels`")
    if not runs_here(processor):
        do = "install Debian's qemu-user-binfmt, or try the wheel on such a machine"
        raise ReleaseError(f"a machine that runs {processor}", f"{platform.machine()}, no emulator", do)
    failed = 0
    for suite in suites if asked.suite is None else (asked.suite,):
        failed += check(wheel, suite, processor) != 0
    return min(failed, 1)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (LodestoneError, subprocess.SubprocessError) as error:
        sys.exit(f"release.check: {error}")
