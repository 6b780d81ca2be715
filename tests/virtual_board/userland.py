"""Makes a board's userland: Debian as on its image, and its compiler."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.virtual_board.emulation import NoBoardError, cache_folder, can_emulate, locked, run
from tests.virtual_board.kinds import Kind

FORGET_S = 3 * 86400
TOOLS = ("debootstrap", "unshare", "nsenter", "dpkg-deb")

# What these packages would do when configured, as far as it is needed here.
PASSWD = "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
LINKS = {"usr/bin/awk": "mawk", "usr/bin/which": "which.debianutils"}


def userland(kind: Kind) -> Path:
    """The root folder of a board's userland, made at the first call, kept, and never written to again.

    Raises:
        NoBoardError: this machine lacks something for it.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        raise NoBoardError(f"not installed: {', '.join(missing)}")
    can_emulate(kind)
    with locked(kind.name):
        made = cache_folder() / f"{kind.name}-{_recipe(kind)}"
        if not made.exists():
            _forget_unused(kind)
            _make(kind, made)
        os.utime(made)
    return made


def _forget_unused(kind: Kind) -> None:
    """Another checkout may run on another recipe's userland: only what nobody has asked for lately goes."""
    for old in cache_folder().glob(f"{kind.name}-*"):
        if time.time() - old.stat().st_mtime > FORGET_S:
            shutil.rmtree(old)


def _recipe(kind: Kind) -> str:
    """A name for all that goes into a userland: another recipe makes another one."""
    text = f"{kind} {kind.packages}".encode() + Path(__file__).read_bytes()
    return hashlib.sha256(text).hexdigest()[:16]


def _make(kind: Kind, to: Path) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f".{kind.name}-", dir=to.parent))
    fresh.chmod(0o755)
    try:
        _bootstrap(kind, fresh)
        _configure(kind, fresh)
        _add_native_programs(kind, fresh)
        fresh.rename(to)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _mirror(kind: Kind) -> str:
    """The first of the repositories that this machine's apt reads which has the board's Debian."""
    known = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]).split()
    for address in dict.fromkeys(known):
        try:
            with urlopen(f"{address.rstrip('/')}/dists/{kind.suite}/Release", timeout=20) as answer:
                if f"Codename: {kind.suite}\n" in answer.read(4096).decode():
                    return address
        except (URLError, OSError, ValueError):
            continue
    raise NoBoardError(f"none of apt's repositories has Debian {kind.suite}")


def _bootstrap(kind: Kind, root: Path) -> None:
    """Debian's packages, unpacked: debootstrap chooses, fetches and checks them; it takes no emulation."""
    for archive in _archives(kind, kind.architecture, kind.packages, root):
        _unpack(archive, root)
    shutil.rmtree(root / "var" / "cache" / "apt" / "archives")
    shutil.rmtree(root / "debootstrap")


def _archives(kind: Kind, architecture: str, packages: str, root: Path) -> list[Path]:
    command: list[str | Path] = ["debootstrap", "--foreign", "--variant=minbase", f"--arch={architecture}"]
    run([*command, f"--include={packages}", kind.suite, root, _mirror(kind)])
    return sorted((root / "var" / "cache" / "apt" / "archives").glob("*.deb"))


def _unpack(archive: Path, root: Path) -> None:
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as tar:
        command: list[str | Path] = ["tar", "-x", "--keep-directory-symlink", "-C", root]
        if subprocess.run(command, stdin=tar.stdout).returncode != 0:
            raise NoBoardError(f"{archive.name} could not be unpacked")


def _configure(kind: Kind, root: Path) -> None:
    masters = root / "usr" / "share" / "base-passwd"
    (root / "etc" / "passwd").write_text((masters / "passwd.master").read_text() + PASSWD)
    (root / "etc" / "group").write_text((masters / "group.master").read_text())
    for name, target in LINKS.items():
        if (root / "usr" / "bin" / target).exists() and not (root / name).exists():
            (root / name).symlink_to(target)
    for name in ("clang", "clang++"):
        (root / "usr" / "bin" / name).symlink_to(f"{name}-{kind.clang}")
    (root / "etc" / "mtab").write_text("card / ext4 rw 0 0\n")
    run(["chroot", root, "ldconfig"])


SHELL_TOOLS = ("bash", "coreutils", "dash", "diffutils", "findutils", "grep", "mawk", "sed", "util-linux")
NATIVE = (*SHELL_TOOLS, "make", "openssh-server", "rsync")
"""Packages whose programs are this machine's own: to start an emulated one takes fifty milliseconds, and a
flash starts hundreds."""
OWN = ("arch", "uname")
"""What these say of the processor is the board's."""

NATIVE_CLANG = """#!/bin/sh
export LD_LIBRARY_PATH=/native/usr/lib/x86_64-linux-gnu
exec /native/usr/lib/llvm-{version}/bin/{name} --target={triple} "$@"
"""


def _add_native_programs(kind: Kind, root: Path) -> None:
    """The very compiler, linker and shell tools of the board as programs of this machine, ten times as fast.

    Debian builds both from one source: they write the same objects and programs, as test_machine.py holds.
    What is flashed, and whatever is built on the board, stays emulated; what was replaced is in /emulated.
    """
    if run(["dpkg", "--print-architecture"]).strip() != "amd64":
        return
    native, scratch = root / "native", Path(tempfile.mkdtemp(prefix=".native-", dir=root.parent))
    native.mkdir()
    tools = [*NATIVE, f"binutils-{kind.triple.replace('-unknown', '')}"]
    try:
        for archive in _archives(kind, "amd64", ",".join([f"clang-{kind.clang}", *tools]), scratch):
            name = archive.name.partition("_")[0]
            if name.startswith(("clang", "lib", "zlib")) or name in tools:
                _unpack(archive, native)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    libraries = root / "usr" / "lib" / "x86_64-linux-gnu"
    libraries.mkdir()
    for place in ("lib", "usr/lib"):
        run(["cp", "-al", f"{native / place / 'x86_64-linux-gnu'}/.", libraries])
    (loader,) = [p for p in libraries.glob("ld-*") if not p.is_symlink()]
    (root / "lib64").mkdir(exist_ok=True)
    (root / "lib64" / "ld-linux-x86-64.so.2").symlink_to(f"/usr/lib/x86_64-linux-gnu/{loader.name}")
    emulated = root / "emulated"
    emulated.mkdir()
    for place in ("bin", "sbin", "usr/bin", "usr/sbin"):
        for program in (native / place).glob("*"):
            board = root / place / program.name
            if (
                program.name not in OWN
                and _is_program(program)
                and board.is_file()
                and not board.is_symlink()
            ):
                board.rename(emulated / program.name)
                shutil.copy2(program, board)
    (root / "usr" / "local" / "bin").mkdir(parents=True, exist_ok=True)
    for name in ("clang", "clang++"):
        script = root / "usr" / "local" / "bin" / name
        script.write_text(NATIVE_CLANG.format(version=kind.clang, name=name, triple=kind.triple))
        script.chmod(0o755)


def _is_program(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"
