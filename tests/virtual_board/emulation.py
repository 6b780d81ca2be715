"""Lets this kernel run a board's programs: qemu's static emulators, registered with binfmt_misc."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.virtual_board.kinds import KINDS, Kind

REGISTRY = Path("/proc/sys/fs/binfmt_misc")


class NoBoardError(Exception):
    """The virtual board cannot be made on this machine; the text says why."""


def cache_folder() -> Path:
    """Where made userlands are kept between runs."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "lodestone" / "virtual-board"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One process at a time; the lock goes with its holder, however that ends."""
    with (cache_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(command: list[str | Path], **more: object) -> str:
    """Output of a command.

    Raises:
        NoBoardError: it failed, with the end of what it said.
    """
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **more
    )  # type: ignore[call-overload]
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()[-2:]
        raise NoBoardError(f"`{' '.join(str(w) for w in command[:4])} …` failed: {' / '.join(said)}")
    return str(done.stdout)


def emulator(kind: Kind) -> Path:
    """qemu's static emulator of a board's processor, out of Debian's package; nothing is installed.

    The package conflicts with the binfmt part of qemu-user, whose emulators can count instructions and stay.
    """
    folder = cache_folder() / "emulators"
    with locked("emulators"):
        if not folder.exists():
            with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
                _unpack_emulators(Path(scratch))
                fresh = Path(scratch) / "bin"
                fresh.chmod(0o755)
                fresh.rename(folder)
    return folder / f"{kind.emulator}-binfmt-P"


def _unpack_emulators(scratch: Path) -> None:
    try:
        run(["apt-get", "download", "-qq", "qemu-user-static"], cwd=scratch)
    except NoBoardError:
        run(["apt-get", "update", "-qq"])
        run(["apt-get", "download", "-qq", "qemu-user-static"], cwd=scratch)
    (archive,) = scratch.glob("*.deb")
    names = [f"qemu-{kind.emulator}-static" for kind in KINDS.values()]
    (scratch / "bin").mkdir()
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as tar:
        command = ["tar", "-x", "-C", scratch / "bin", "--strip-components=3"]
        subprocess.run([*command, *(f"./usr/bin/{n}" for n in names)], stdin=tar.stdout, check=True)
    for kind in KINDS.values():
        # A name that ends so tells Debian's qemu that the kernel hands it the program's own argv[0].
        (scratch / "bin" / f"{kind.emulator}-binfmt-P").symlink_to(f"qemu-{kind.emulator}-static")


def can_emulate(kind: Kind) -> None:
    """Registers a processor's programs with the kernel, unless that has been done.

    Flag F opens the emulator now, so that it works inside a chroot that does not hold it. A registration is
    what installing qemu-user-static would leave; it lasts until the machine starts again.

    Raises:
        NoBoardError: not root, or a kernel that does not let us.
    """
    if os.geteuid() != 0:
        raise NoBoardError("it takes root to mount, to chroot and to register an emulator")
    if not (REGISTRY / "register").exists():
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", REGISTRY])
    name = f"lodestone-{kind.emulator}"
    program = emulator(kind)
    with locked("emulators"):
        entry = REGISTRY / name
        if entry.exists() and f"interpreter {program}\n" in entry.read_text():
            return
        if entry.exists():
            entry.write_text("-1")
        try:
            (REGISTRY / "register").write_text(_registration(kind, name, program))
        except OSError as error:
            raise NoBoardError(f"the kernel does not take the emulator: {error.strerror}") from None


def _registration(kind: Kind, name: str, program: Path) -> str:
    """A line for binfmt_misc: little-endian ELF programs and libraries of that class and machine, any ABI."""
    elf_class, machine = kind.elf
    magic = b"\x7fELF" + bytes([elf_class, 1, 1, 0]) + bytes(8) + b"\x02\x00" + machine.to_bytes(2, "little")
    mask = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xfe\xff\xff\xff"
    magic_text, mask_text = ("".join(f"\\x{byte:02x}" for byte in text) for text in (magic, mask))
    return f":{name}:M::{magic_text}:{mask_text}:{program}:OPF"
