"""The version stands the same everywhere; the notes of a release are the CHANGELOG's."""

from __future__ import annotations

import platform
from importlib import metadata
from pathlib import Path

import pytest

from release import check
from release.__main__ import main, notes, versions
from release.check import PROCESSORS, SYSTEMS, systems_of
from release.errors import ReleaseError
from release.wheels import TARGETS, Target, fits

CHANGELOG = "# Changelog\n\n## Unreleased\n\n### Added\n- new\n\n## 0.1.0 - 2025-01-01\n- old\n"


def test_the_version_is_the_same_everywhere() -> None:
    assert set(versions().values()) == {metadata.version("lodestone")}


@pytest.mark.parametrize(("version", "text"), [("0.1.0", "- old"), ("0.2.0", "### Added\n- new")])
def test_notes_are_of_the_version_else_of_what_is_unreleased(version: str, text: str) -> None:
    assert notes(CHANGELOG, version) == f"# Lodestone {version}\n\n{text}\n"


def test_nothing_to_say_is_refused() -> None:
    with pytest.raises(ReleaseError, match=r"a part of CHANGELOG\.md for 1\.0\.0"):
        notes("# Changelog\n", "1.0.0")


@pytest.mark.parametrize("arguments", [[], ["two"], ["9.9.9"]])
def test_another_version_is_refused(arguments: list[str]) -> None:
    with pytest.raises(ReleaseError, match="version"):
        main(arguments)


def test_wheels_are_for_every_python_and_both_processors() -> None:
    assert [target.name for target in TARGETS] == [
        "cp310-x86_64",
        "cp311-x86_64",
        "cp312-x86_64",
        "cp310-aarch64",
        "cp311-aarch64",
        "cp312-aarch64",
    ]
    assert TARGETS[-1].platform == "manylinux_2_28_aarch64"


@pytest.mark.parametrize(
    ("found", "good"),
    [
        ("manylinux_2_27_x86_64", True),
        ("manylinux_2_28_x86_64", True),
        ("manylinux_2_34_x86_64", False),
        ("manylinux_2_27_aarch64", False),
        ("linux_x86_64", False),
    ],
)
def test_a_wheel_asks_for_no_newer_system_than_its_tag_says(found: str, good: bool) -> None:
    said = f'a.whl is consistent with the following platform\ntag: "{found}".\n\nIt references libm.so.6'
    assert fits(said, Target("3.11", "x86_64")) == good


def test_a_wheel_is_tried_in_the_debian_that_has_its_python() -> None:
    names = {t.name.split("-")[0] for t in TARGETS}
    assert set(SYSTEMS) < names
    for processor in PROCESSORS:
        of = f"manylinux_2_28_{processor}.whl"
        assert systems_of(Path(f"lodestone-0.1.0-cp311-cp311-{of}")) == (("bookworm",), processor)
        assert systems_of(Path(f"lodestone-0.1.0-cp312-abi3-{of}")) == (("trixie", "sid"), processor)
    for other in ("cp310-cp310-manylinux_2_28_x86_64", "cp311-cp311-manylinux_2_28_riscv64", "cp311"):
        with pytest.raises(ReleaseError, match="a wheel for x86_64 or aarch64"):
            systems_of(Path(f"lodestone-0.1.0-{other}.whl"))


def test_a_wheel_is_tried_where_its_processor_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    emulators = tmp_path / "binfmt_misc"
    emulators.mkdir()
    monkeypatch.setattr(check, "EMULATORS", emulators)
    assert check.runs_here(platform.machine())
    assert not check.runs_here("riscv64")
    wheel = tmp_path / "lodestone-0.1.0-cp311-cp311-manylinux_2_28_aarch64.whl"
    wheel.write_bytes(b"")
    if platform.machine() != "aarch64":
        with pytest.raises(ReleaseError, match="a machine that runs aarch64"):
            check.main([str(wheel)])
    (emulators / "qemu-aarch64").write_text("enabled")
    assert check.runs_here("aarch64")
