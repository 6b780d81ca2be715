"""Every value of a calibration file replaced by what none holds: one line each, or it does no harm."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from calibration import Calibration, CalibrationError, checksum, load, save
from calibration.assemble import verdict_of
from calibration.capture.guard import check_board, differences
from calibration.file import load_text
from calibration.session import calibrate_simulated
from errors import LodestoneError
from lodestone.cli import build_app

Place = tuple[str | int, ...]


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


BAD: dict[str, Any] = {
    "400 digits": 10**400,
    "huge": 1e300,
    "deep": deep(300),
    "null": None,
    "text": "much",
}
NEVER = {"NaN": float("nan"), "Infinity": float("-inf"), "half a letter": "\ud800", "400 digits": -(10**400)}
"""Where a number or a text is; no checksum holds for the first three."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Calibration, dict[str, Any]]:
    """A real calibration with a report, and its file as plain values."""
    path = tmp_path_factory.mktemp("made") / "a.calibration.json"
    calibration = calibrate_simulated(path).calibration
    return calibration, json.loads(path.read_text())


def places(value: Any, way: Place = ()) -> Iterator[Place]:
    """Every place of the content; of a list the first and the last."""
    if way:
        yield way
    if isinstance(value, dict):
        for key, part in value.items():
            yield from places(part, (*way, key))
    elif isinstance(value, list) and value:
        for number in {0, len(value) - 1}:
            yield from places(value[number], (*way, number))


def sealed(document: dict[str, Any], way: Place, bad: Any) -> str:
    """The file with that value there, and a checksum that is right, as far as there can be one."""
    part: Any = document["calibration"]
    for key in way[:-1]:
        part = part[key]
    good, part[way[-1]] = part[way[-1]], bad
    body = json.dumps(document["calibration"], sort_keys=True, separators=(",", ":"))
    text = json.dumps({**document, "sha256": hashlib.sha256(body.encode()).hexdigest()})
    part[way[-1]] = good
    return text


def use(text: str, other: Calibration) -> None:
    """All that is done with a calibration before it plays."""
    read = load_text(text, "a.calibration.json")
    verdict_of(read)
    checksum(read)
    differences(other, read)
    check_board(read, read.sensors)


@pytest.mark.parametrize("name", BAD)
def test_every_value_of_a_resealed_file(made: tuple[Calibration, dict[str, Any]], name: str) -> None:
    calibration, document = made
    refused, others = [], []
    for way in places(document["calibration"]):
        try:
            use(sealed(document, way, BAD[name]), calibration)
        except LodestoneError as error:
            refused.append(str(error))
        except Exception as error:
            others.append((way, repr(error)))
    assert not others
    assert len(refused) > 50
    assert all("\n" not in words and len(words) < 500 for words in refused)


@pytest.mark.parametrize("count", [0, 3, 5, 36])
def test_resealed_with_another_count_of_sensors(
    made: tuple[Calibration, dict[str, Any]], tmp_path: Path, count: int
) -> None:
    _, document = made
    sensors = (document["calibration"]["sensors"] * 9)[:count]
    path = tmp_path / "a.calibration.json"
    path.write_text(sealed(document, ("sensors",), sensors))
    with pytest.raises(CalibrationError, match=f"{count} sensors instead of 4") as refused:
        load(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", NEVER)
def test_values_that_never_are(made: tuple[Calibration, dict[str, Any]], name: str) -> None:
    for way in (("rest", "offset_mt", 0, 0), ("frame_rate_hz",), ("response", "beta"), ("play", "coverage")):
        with pytest.raises(CalibrationError) as refused:
            load_text(sealed(made[1], way, NEVER[name]), "a.calibration.json")
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("verb", ["show", "diff", "apply", "undo"])
def test_the_verbs_end_in_one_line(
    made: tuple[Calibration, dict[str, Any]], tmp_path: Path, verb: str
) -> None:
    """And what is in force stays."""
    calibration, document = made
    good, bad = tmp_path / "a.calibration.json", tmp_path / "bad.calibration.json"
    save(calibration, good)
    bad.write_text(sealed(document, ("rest", "offset_mt", 0, 0), BAD["deep"]))
    (tmp_path / "a.calibration.json.1").write_bytes(bad.read_bytes())
    words = {
        "show": [str(bad)],
        "diff": [str(good), str(bad)],
        "apply": [str(bad), "--to", str(good)],
        "undo": [str(good)],
    }
    before = good.read_bytes()
    run = CliRunner().invoke(build_app(), ["calibration", verb, *words[verb]])
    assert run.exit_code == 1
    assert isinstance(run.exception, LodestoneError), run.exception
    assert "\n" not in str(run.exception)
    assert good.read_bytes() == before
