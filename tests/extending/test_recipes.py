"""Each recipe of docs/extending.md, followed in a copy of the tree that is built; each new thing, used."""

from __future__ import annotations

import fcntl
import shutil
import site
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.extending.recipes import ROOT, Step, copy_of_the_tree, recipes, renew

SCRATCH = ROOT / "build" / "extended"
# What a recipe may cost at most: files edited, files new; in the firmware at most one of them.
BUDGET = {
    "mapping": (0, 1),
    "operator": (2, 1),
    "OSC command": (2, 0),
    "setting": (2, 0),
    "sensor chip": (1, 3),
    "voice": (0, 1),
}
FIRMWARE = ("firmware/", "bela_project/")


@dataclass(frozen=True)
class Extended:
    """The tree with all recipes followed, and a Python that finds the project nowhere else."""

    tree: Path
    python: Path

    def run(self, *arguments: str | Path) -> str:
        """What a Python program in the tree prints. It must not fail."""
        done = subprocess.run(
            [self.python, *arguments], cwd=self.tree, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Extended:
    """Built without optimisation; kept for the next run, which builds only what changed."""
    fresh = tmp_path_factory.mktemp("fresh")
    copy_of_the_tree(fresh)
    for recipe in recipes().values():
        for step in recipe.steps:
            step.apply(fresh)
    tree, build = SCRATCH / "tree", SCRATCH / "build"
    tree.mkdir(parents=True, exist_ok=True)
    with (SCRATCH / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        renew(tree, fresh)
        found = Extended(tree, _own_python(SCRATCH / "python"))
        configure = ["-S", tree, "-B", build, "-G", "Ninja", "-DLODESTONE_INPLACE=ON"]
        configure += ["-DLODESTONE_TESTS=OFF"]
        configure += ["-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0"]
        configure += [f"-DPython_EXECUTABLE={found.python}", f"-DCMAKE_MAKE_PROGRAM={_ninja()}"]
        found.run("-m", "cmake", *configure)
        found.run("-m", "cmake", "--build", build, "-j", "2")
    return found


def _own_python(folder: Path) -> Path:
    """An environment with the packages of this one, but without the project's editable install."""
    if not (folder / "pyvenv.cfg").exists():
        venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "packages.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return folder / "bin" / "python"


def _ninja() -> str:
    beside = shutil.which("ninja", path=sysconfig.get_path("scripts"))
    return str(beside or shutil.which("ninja"))


@pytest.mark.parametrize("name", sorted(BUDGET))
def test_the_new_thing_works(name: str, extended: Extended, tmp_path: Path) -> None:
    module = "tests.extending.use." + name.lower().replace(" ", "_")
    assert f"{name} of the extended tree {extended.tree}" in extended.run("-m", module, tmp_path)


@pytest.mark.parametrize("name", sorted(BUDGET))
def test_a_recipe_touches_few_files(name: str) -> None:
    recipe, (edited, new) = recipes()[name], BUDGET[name]
    assert len(recipe.edited) <= edited
    assert len(recipe.new) <= new
    of_firmware = {path for path in recipe.edited | recipe.new if path.startswith(FIRMWARE)}
    assert len(of_firmware) <= (2 if name == "sensor chip" else 1)


def test_every_recipe_has_a_budget_and_is_used() -> None:
    assert set(recipes()) == set(BUDGET)


def test_a_step_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("one\ntwo\ntwo\n", encoding="utf-8")
    Step("a.py", "behind the line", "one", "and\n").apply(tmp_path)
    assert (tmp_path / "a.py").read_text(encoding="utf-8") == "one\nand\ntwo\ntwo\n"
    with pytest.raises(AssertionError, match="2 lines begin with two"):
        Step("a.py", "before the line", "two", "and\n").apply(tmp_path)
    with pytest.raises(AssertionError, match="is there already"):
        Step("a.py", "", "", "and\n").apply(tmp_path)
