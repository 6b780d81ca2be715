"""The boards' builds: Bela's source rules, the boards' flags, and the firmware whole under emulation."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from lodestone.image import ROOT, SOURCE_FOLDERS
from tests.board.cross import TARGETS, build_simulator, check_with_clang, project_sources
from tests.support.messages import message
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import image, play, scene


def test_an_image_keeps_the_rules_of_belas_makefile(tmp_path: Path) -> None:
    made = image(tmp_path)
    files = [p for p in made.rglob("*") if p.is_file()]
    names = [str(p.relative_to(made)) for p in files]
    unseen = [n for n in names if n.endswith((".cc", ".cxx", ".c", ".S", ".p"))]
    assert unseen == ["check.cc"]  # lodestone-check has a main(): Bela's rules must not compile it
    assert not [n for n in names if " " in n or n.startswith(".") or "/." in n]
    assert not {"run.sh", "_main.pd", "_main.scd", "_main.csd", "Makefile"} & set(names)
    assert "render.cpp" in names
    for path in files:
        if path.suffix not in (".cpp", ".h"):
            continue
        text = path.read_text()
        assert not re.search(r"^\s*int\s+main\s*\(", text, re.M), f"{path}: a main() replaces Bela's"
        if path.name != "render.cpp":
            assert "Bela.h" not in re.sub(r"//.*", "", text), f"{path}: only render.cpp may know Bela.h"
        for used in re.findall(r'#include "([^"]+)"', text):
            assert (made / used).is_file(), f"{path} includes {used}, which is not in the image"
    objects = [n for n in names if n.endswith(".cpp")]
    assert len({n[:-4] for n in objects}) == len(objects)


# What C++ has since 14, and NEON in clang since 3.9: the oldest image's compilers lack it.
NEWER = re.compile(
    r"#include <(any|barrier|bit|charconv|compare|concepts|coroutine|execution|expected|filesystem|format|"
    r"latch|memory_resource|numbers|optional|ranges|semaphore|source_location|span|stop_token|string_view|syncstream|"
    r"variant|version)>|\bif constexpr\b|\binline constexpr\b|"
    r"\[\[(nodiscard|maybe_unused|fallthrough|likely|unlikely)\]\]|"
    r"\bstd::(clamp|byte|size|data|empty|apply|invoke|gcd|lcm|launder|as_const|void_t|bit_cast|shared_mutex)\b|"
    r"\bv(ld|st)1q?_\w+_x[234]\b|__builtin_(is_constant_evaluated|bit_cast|memcpy_inline)\b"
)


def test_only_what_all_three_images_offer_is_used() -> None:
    headers = {path for folder in SOURCE_FOLDERS for path in (ROOT / "firmware" / folder).rglob("*.h")}
    for path in [*project_sources(), *headers]:
        found = NEWER.search(re.sub(r"//.*", "", path.read_text()))
        assert not found, f"{path}: {found and found[0]}"


@pytest.mark.parametrize("source", project_sources(), ids=lambda p: p.stem)
@pytest.mark.parametrize("target", TARGETS)
def test_clang_takes_it(target: str, source: Path) -> None:
    if TARGETS[target].missing("clang"):
        pytest.skip(TARGETS[target].missing("clang") or "")
    done = check_with_clang(TARGETS[target], source)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_the_board_sounds_as_this_machine_does(tmp_path: Path, target: str) -> None:
    """By gcc; with clang the virtual boards build it themselves, each with its own image's."""
    chosen = TARGETS[target]
    if chosen.missing():
        pytest.skip(chosen.missing() or "")
    program = build_simulator(chosen, "gcc")
    made = image(tmp_path, scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two", hop=1024, channels=2))
    script = [
        (0.4, message("/mode", "host")),
        (0.8, message("/mode", "onboard")),
        (1.0, message("/scene", 1)),
    ]
    here = play(tmp_path / "here", made, outside=ScriptedHost(list(script)), seconds=1.5)
    there = play(
        tmp_path / "there",
        made,
        outside=ScriptedHost(list(script)),
        seconds=1.5,
        program=[*chosen.runner, program],
    )
    a, b = here.samples(), there.samples()
    assert a.shape == b.shape
    # The phase of a sine gathers rounding over 66,000 samples; a fault is far above -60 dB of the peak.
    assert np.abs(a - b).max() <= 1e-3 * np.abs(a).max()
    assert there.stats["underruns"] == 0
    assert [m["sounding"] for m in there.stats["modes"]] == [m["sounding"] for m in here.stats["modes"]]
    assert len(there.latents) == len(here.latents)


def test_no_test_program_is_in_the_project_folder() -> None:
    assert [p.name for p in (ROOT / "bela_project").glob("*.cpp")] == ["render.cpp"]
