"""The installed package does outside any checkout what the checkout does, and writes nothing into itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from calibration import save
from lodestone import places
from lodestone.default_files import CALIBRATION
from tests.support.installed import ROOT, Installed, install
from tests.support.plain_board import plain_calibration


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("installed"))


def files_of(package: Installed) -> set[str]:
    found = (path for path in package.packages.rglob("*") if "__pycache__" not in path.parts)
    return {str(path.relative_to(package.packages)) for path in found}


def test_nothing_of_the_checkout_is_on_its_path(package: Installed, tmp_path: Path) -> None:
    code = "import lodestone, firmware, voices; print(lodestone.__file__, firmware.__file__, voices.__file__)"
    said = subprocess.run([package.python, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert all(Path(path).is_relative_to(package.packages) for path in said.stdout.split()), said


def test_an_image_is_built_and_flash_finds_its_scripts(package: Installed, tmp_path: Path) -> None:
    before = files_of(package)
    assert package.run("build", "--init", cwd=tmp_path).returncode == 0
    settings = tmp_path / "instrument.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('"w8a16"', '"fp32"'), encoding="utf-8")
    save(plain_calibration(), tmp_path / CALIBRATION)
    built = package.run("build", cwd=tmp_path)
    assert built.returncode == 0, built.stderr
    image = tmp_path / "out" / "image"
    generated = {path.name for path in (ROOT / "firmware" / "generated").glob("*.h")}
    assert {path.name for path in (image / "firmware" / "generated").glob("*.h")} == generated
    assert (image / "render.cpp").read_bytes() == (ROOT / "bela_project" / "render.cpp").read_bytes()
    flashed = package.run("flash", "--dry-run", "127.0.0.1", cwd=tmp_path)
    assert flashed.returncode != 0
    assert "deploy: " in flashed.stderr
    assert "beside this script" not in flashed.stderr
    assert files_of(package) == before


def test_what_a_wheel_carries_is_what_places_looks_for(package: Installed) -> None:
    kept = package.packages / "lodestone" / "kept"
    assert {path.name for path in kept.iterdir()} == {"deploy.sh", "bela_project", "page", "host"}
    assert os.access(package.packages / "firmware" / "lodestone-sim", os.X_OK)
    for path in kept.rglob("*"):
        assert not path.is_file() or path.read_bytes() == (ROOT / path.relative_to(kept)).read_bytes()
    assert not places.KEPT.exists()


def test_a_carried_page_is_put_where_it_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lodestone.page import site

    carried = tmp_path / "kept" / "site"
    (carried / "data").mkdir(parents=True)
    (carried / "index.html").write_text("<html>", encoding="utf-8")
    (carried / "data" / "facts.json.packed").write_bytes(b"packed")
    monkeypatch.setattr(places, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(site, "bundle", lambda folder, packed: repr(packed).encode())
    made = site.ready_page(tmp_path / "out")
    assert made is not None
    assert (made.folder / "data" / "facts.json.packed").read_bytes() == b"packed"
    assert made.file.read_bytes() == b"{'facts.json': b'packed'}"
    assert site.page_folder(tmp_path / "elsewhere") == carried
    assert site.page_folder(tmp_path / "out") == made.folder
