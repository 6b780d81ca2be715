"""The boards that can be virtual: which Debian, compiler and processor their images have."""

from __future__ import annotations

from dataclasses import dataclass

COMMON = "openssh-server,make,libc6-dev,rsync,screen,mawk,xz-utils"


@dataclass(frozen=True)
class Kind:
    """One of Bela's images.

    Attributes:
        name: as `board-NAME.mk` and docs/board.md have it.
        machine: what `uname -m` says there.
        architecture, suite: Debian's names.
        clang: major version of the compiler that builds projects.
        triple: what its clang compiles for.
        emulator: qemu's name of the architecture.
        cpu: qemu's name of the processor.
        elf: class and machine of its programs, as in their ELF header.
    """

    name: str
    machine: str
    architecture: str
    suite: str
    clang: int
    libstdcxx: int
    triple: str
    emulator: str
    cpu: str
    elf: tuple[int, int]

    @property
    def packages(self) -> str:
        return f"{COMMON},clang-{self.clang},libstdc++-{self.libstdcxx}-dev"


# v0.5 of Bela's image: BeagleBone and PocketBeagle.
BELA = Kind(
    "bela",
    "armv7l",
    "armhf",
    "bullseye",
    11,
    10,
    "arm-unknown-linux-gnueabihf",
    "arm",
    "cortex-a8",
    (1, 0x28),
)
# v1.0 of the Gem's: PocketBeagle 2.
GEM = Kind(
    "gem",
    "aarch64",
    "arm64",
    "bookworm",
    15,
    12,
    "aarch64-unknown-linux-gnu",
    "aarch64",
    "cortex-a53",
    (2, 0xB7),
)
KINDS = {kind.name: kind for kind in (BELA, GEM)}
