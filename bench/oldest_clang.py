"""Reads the firmware with clang 3.9, the compiler of Bela's image v0.3: `python -m bench.oldest_clang DIR`.

No Debian that apt still offers has so old a clang. Its source is in the source distribution of an interpreter
of 2017 (cppyy-cling 6.10): its front end is built here, in some 440 steps, and reads every source with the
flags of that image for a Cortex-A8, NEON's intrinsics included; a warning is an error. It makes no code:
nothing of LLVM behind it is built. The C++ library is Debian 11's, after `python -m bench.board_compilers
DIR`; Debian 9's is not to be had. Needs clang, ninja and cmake 3.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from errors import LodestoneError
from lodestone.image import SOURCE_FOLDERS
from tests.support.arm_builds import FLAGS, PROCESSORS, ROOT, TRIPLES, ArmError

SOURCE = "cppyy-cling==6.10.4.2"
CLANG = ("Frontend", "Driver", "Serialization", "Parse", "Sema", "Analysis", "Edit", "AST", "Lex", "Basic")
LLVM = ("Option", "ProfileData", "BitReader", "Core", "MCParser", "MC", "Support")
LIBRARIES = [*(f"clang{name}" for name in CLANG), *(f"LLVM{name}" for name in LLVM)]
OLD_CODE = "-w -include cstdint -include limits"  # what its headers took for granted
OFF = ("LLVM_INCLUDE_TESTS", "LLVM_INCLUDE_EXAMPLES", "LLVM_INCLUDE_DOCS", "LLVM_BUILD_TOOLS")
OFF += ("LLVM_ENABLE_TERMINFO", "LLVM_ENABLE_ZLIB", "CLANG_ENABLE_STATIC_ANALYZER", "CLANG_ENABLE_ARCMT")


def fetch(home: Path) -> Path:
    """The folder of LLVM's source, with clang's in tools/."""
    unpacked = home / "source"
    if not unpacked.exists():
        _run([sys.executable, "-m", "venv", home / "venv"])
        pip = [home / "venv" / "bin" / "python", "-m", "pip", "-q"]
        _run([*pip, "install", "wheel", "setuptools<60"])  # what its setup.py asks of the ones that unpack it
        _run([*pip, "download", "--no-deps", "--no-build-isolation", "--no-binary=:all:", "-d", home, SOURCE])
        (archive,) = home.glob("cppyy*.tar.gz")
        with tarfile.open(archive) as files:
            files.extractall(home / "partial", filter="data")
        (home / "partial").rename(unpacked)
    (found,) = unpacked.glob("*/src/interpreter/llvm/src")
    return found


def build(source: Path, home: Path) -> Path:
    """The program of oldest_clang.cpp, unoptimised: there is little to read."""
    made, program = home / "build", home / "oldest_clang"
    if not (made / "build.ninja").exists():
        settings = {
            "CMAKE_C_COMPILER": "clang",
            "CMAKE_CXX_COMPILER": "clang++",
            "CMAKE_BUILD_TYPE": "Release",
        }
        settings |= {"CMAKE_CXX_FLAGS_RELEASE": f"-O0 -DNDEBUG {OLD_CODE}", "LLVM_TARGETS_TO_BUILD": "ARM"}
        settings |= {"PYTHON_EXECUTABLE": sys.executable, **dict.fromkeys(OFF, "OFF")}
        words = [f"-D{key}={value}" for key, value in settings.items()]
        _run(["cmake", "-S", source, "-B", made, "-G", "Ninja", *words])
    _run(["ninja", "-C", made, "-j2", *LIBRARIES, "clang-headers"])
    includes = [
        source / "tools/clang/include",
        made / "tools/clang/include",
        source / "include",
        made / "include",
    ]
    macros = [f"-D__STDC_{kind}_MACROS" for kind in ("LIMIT", "CONSTANT", "FORMAT")]
    libraries = [f"-L{made}/lib", *(f"-l{name}" for name in LIBRARIES), "-lpthread", "-ldl"]
    command = [
        "clang++",
        "-std=c++11",
        "-fno-rtti",
        *OLD_CODE.split(),
        *macros,
        *(f"-I{i}" for i in includes),
    ]
    _run([*command, ROOT / "bench" / "oldest_clang.cpp", "-o", program, *libraries])
    return program


def read(program: Path, home: Path, board: Path) -> list[str]:
    """What clang 3.9 says of each source that it refuses."""
    triple = TRIPLES["armv7"]
    sources = [ROOT / "bela_project" / "render.cpp"]
    sources += [s for folder in SOURCE_FOLDERS for s in sorted((ROOT / "firmware" / folder).glob("*.cpp"))]
    places = [f"--target={triple}", f"--sysroot={board}", f"--gcc-toolchain={board}/usr"]
    places += ["-resource-dir", str(next((home / "build" / "lib" / "clang").iterdir()))]
    places += [f"-I{ROOT}", f"-I{ROOT}/firmware/simulator/include"]
    options = [*FLAGS.split(), *PROCESSORS["armv7"].split(), "-Wextra", *places, "-fsyntax-only"]

    def refused(source: Path) -> str:
        command = [program, "clang++", *options, source]
        done = subprocess.run([str(w) for w in command], capture_output=True, text=True)
        return "" if done.returncode == 0 else f"{source.relative_to(ROOT)}: {done.stderr.strip()[:2000]}"

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(refused, sources))
    version = subprocess.run([program], capture_output=True, text=True).stdout.strip()
    print(f"{version} takes {found.count('')} of {len(found)} sources")
    return [text for text in found if text]


def main(arguments: list[str]) -> None:
    """Fetches, builds, reads."""
    folder = Path(arguments[0]).resolve() if len(arguments) == 1 else None
    if folder is None or not (folder / "bullseye" / "board").is_dir():
        do = "python -m bench.board_compilers FOLDER, then python -m bench.oldest_clang FOLDER"
        raise ArmError("a folder with a board's libraries", " ".join(arguments) or "none", do)
    home = folder / "clang-3.9"
    home.mkdir(exist_ok=True)
    refusals = read(build(fetch(home), home), home, folder / "bullseye" / "board")
    if refusals:
        raise ArmError("sources that clang 3.9 takes", "\n".join(refusals), "write them for C++14")


def _run(command: list[str | Path]) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode:
        raise ArmError(
            f"{command[0]} to succeed", (done.stderr or done.stdout).strip()[-600:], "see what it says"
        )


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LodestoneError as error:
        sys.exit(f"bench.oldest_clang: {error}")
