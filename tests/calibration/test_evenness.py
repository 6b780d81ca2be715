"""Touch per millimetre: the map, more even than with every axis bent by itself; the command that shows it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calibration import save
from calibration.judging.evenness import POLES, Evenness, evenness
from lodestone.cli import build_app
from tests.support.plain_board import plain_calibration


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(plain_calibration(), tmp_path_factory.mktemp("even") / "a.calibration.json")


def test_the_map_is_seven_times_as_even(file: Path, tmp_path: Path) -> None:
    picture = tmp_path / "even.png"
    done = CliRunner().invoke(
        build_app(), ["calibration", "evenness", str(file), "--json", "--report", str(picture)]
    )
    assert done.exit_code == 0, done.output
    maps = {(one["name"].split(":")[0], one["pole"]): one for one in json.loads(done.stdout.splitlines()[-1])}
    for pole in POLES:
        before, after = maps["before", pole], maps["after", pole]
        assert after["ratio"] < before["ratio"] / 5.0
        assert after["ratio"] < 6.0
        assert after["usual_ratio"] < 3.9
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_a_response_that_is_even_is_one_to_one() -> None:
    """Of the place itself, read from the field: a millimetre is worth a millimetre, whatever the field."""
    even = Evenness("", "", np.zeros((3, 2)), np.full(3, 0.1))
    assert even.ratio == even.usual_ratio == 1.0
    bare = evenness("", POLES[1], lambda field: field)
    assert bare.ratio > 30.0
