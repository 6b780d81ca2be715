"""Fetches the compilers of Bela's images, for bench.arm: `python -m bench.board_compilers FOLDER`.

Image v0.5 (BeagleBone, PocketBeagle) is Debian 11 with clang 11, the Gem's v1.0 Debian 12 with clang 15. The
packages come through apt from the repository that this machine uses, without touching what is installed:
clang for this machine, libraries for the board. Two commands are left in FOLDER, `armv7-clang++` and
`aarch64-clang++`. For clang 3.9, image v0.3's: bench.oldest_clang.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from errors import LodestoneError
from tests.support.arm_builds import TRIPLES, ArmError

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Image:
    """What a board's image compiles with."""

    arch: str
    suite: str
    debian: str  # Debian's name of the processor
    clang: int
    libstdcxx: int
    besides: tuple[str, ...] = ()  # what its clang needs and newer Debians lack

    @property
    def for_this_machine(self) -> list[str]:
        """Packages that run here."""
        n = self.clang
        parts = [f"clang-{n}", f"libclang-cpp{n}", f"libllvm{n}", f"libclang-common-{n}-dev"]
        return [*parts, *self.besides]

    @property
    def for_the_board(self) -> list[str]:
        """Packages that programs are linked with."""
        c = ["libc6", "libc6-dev", "linux-libc-dev", "libcrypt1", "libcrypt-dev", "libgcc-s1", "libgomp1"]
        n = self.libstdcxx
        return [*c, "libatomic1", "libstdc++6", f"libstdc++-{n}-dev", f"libgcc-{n}-dev"]


IMAGES = (
    Image("armv7", "bullseye", "armhf", 11, 10, ("libffi7",)),
    Image("aarch64", "bookworm", "arm64", 15, 12),
)


def repository() -> str:
    """Where this machine's apt gets Debian from."""
    form = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    known = subprocess.run(form, capture_output=True, text=True).stdout.split()
    if not known:
        raise ArmError("apt with Debian's repository", "none", "run apt-get update on a Debian machine")
    return min(known, key=len)  # security and updates have longer ones


def fetch(image: Image, folder: Path) -> Path:
    """The compiler of one image; the command that it left in `folder`."""
    home = folder.resolve() / image.suite
    host, board = home / "host", home / "board"
    for part in ("lists/partial", "cache/archives/partial", "host", "board", "packages"):
        (home / part).mkdir(parents=True, exist_ok=True)
    (home / "status").touch()
    (home / "sources").write_text(
        f"deb [arch=amd64,{image.debian} signed-by={KEYS}] {repository()} {image.suite} main\n"
    )
    settings = [
        f"Dir::State={home}", f"Dir::State::lists={home}/lists", f"Dir::State::status={home}/status",
        f"Dir::Cache={home}/cache", f"Dir::Etc::sourcelist={home}/sources", "Dir::Etc::sourceparts=/dev/null",
        "APT::Architecture=amd64", "APT::Architectures::=amd64", f"APT::Architectures::={image.debian}",
        "APT::Sandbox::User=",
    ]  # fmt: skip
    apt = ["apt-get", "-q", *(word for s in settings for word in ("-o", s))]
    _run([*apt, "update"], home)
    wanted = [f"{p}:amd64" for p in image.for_this_machine] + [
        f"{p}:{image.debian}" for p in image.for_the_board
    ]
    _run([*apt, "download", *wanted], home / "packages")
    for package in sorted((home / "packages").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(package), str(host if "_amd64" in package.name else board)], home)
    _make_links_relative(board)
    return _write_command(image, folder.resolve(), host, board)


def _make_links_relative(root: Path) -> None:
    """Absolute links would lead into this machine, and the linker to the static library beside them."""
    for link in root.rglob("*"):
        if link.is_symlink() and os.path.isabs(target := os.readlink(link)):
            link.unlink()
            link.symlink_to(os.path.relpath(root / target.lstrip("/"), link.parent))


def _write_command(image: Image, folder: Path, host: Path, board: Path) -> Path:
    triple, llvm = TRIPLES[image.arch], host / "usr" / "lib" / f"llvm-{image.clang}"
    libraries = f"{host}/usr/lib/x86_64-linux-gnu:{host}/lib/x86_64-linux-gnu:{llvm}/lib"
    command = folder / f"{image.arch}-clang++"
    command.write_text(
        f"#!/bin/sh\nLD_LIBRARY_PATH={libraries} exec {llvm}/bin/clang++ -Qunused-arguments "
        f'--target={triple} --sysroot={board} --gcc-toolchain={board}/usr -B/usr/{triple}/bin "$@"\n'
    )
    command.chmod(0o755)
    return command


def _run(command: list[str], where: Path) -> None:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True)
    if done.returncode:
        raise ArmError(f"{command[0]} to succeed", done.stderr.strip()[-300:], "see what it says")


if __name__ == "__main__":
    try:
        if len(sys.argv) != 2:
            raise ArmError(
                "a folder", f"{len(sys.argv) - 1} arguments", "python -m bench.board_compilers FOLDER"
            )
        for made in IMAGES:
            print(fetch(made, Path(sys.argv[1])))
    except LodestoneError as error:
        sys.exit(f"bench.board_compilers: {error}")
