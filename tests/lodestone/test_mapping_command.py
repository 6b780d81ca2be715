"""`lodestone mapping`, and a scene with a mapping of the player's own, as the player runs them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lodestone.cli import build_app
from lodestone.mapping_show import knobs_of
from lodestone.settings import SceneSettings
from mapping.errors import MappingError
from tests.mapping.test_own import MINE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("player")
    (made / "mine.py").write_text(MINE)
    return made


def run(*arguments: str) -> str:
    result = CliRunner().invoke(build_app(), ["mapping", *arguments])
    assert result.exception is None, result.exception
    return result.output


def test_the_list_tells_families_and_shapers() -> None:
    told = run("list")
    assert re.search(r"^rotate +turn:", told, re.MULTILINE)
    assert told.index("snapshots") < told.index("memory")


def test_show_measures_and_draws_two_mappings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    told = json.loads(run("show", "rotate", "--against", "mine.py:swirl", "--json"))
    assert [one["mapping"] for one in told] == ["rotate", "mine.py:swirl"]
    assert len(told[0]["influence"][0]) == 12
    assert 0.5 < told[0]["entanglement_axes"] < 0.9
    assert (folder / "out" / "mapping-rotate-mine.py-swirl.png").stat().st_size > 10_000
    assert "good: mine.py:swirl" in run("check", "mine.py:swirl")


def test_a_knob_that_is_none_is_told(folder: Path) -> None:
    assert knobs_of(["radius=60", "life=0.5"]) == {"radius": 60.0, "life": 0.5}
    for wrong in ("radius", "radius=wide", "radius=nan"):
        with pytest.raises(MappingError, match="name=value"):
            knobs_of([wrong])


def test_a_scene_keeps_the_name_of_a_file() -> None:
    assert SceneSettings("a", "glass", "mine.py:swirl+memory").mapping == "mine.py:swirl+memory"
