"""The calibration file: round trip, every damage refused in one line, the previous ones kept."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration import Calibration, CalibrationError, checksum, load, redo, save, undo
from calibration.carry import carry_from
from calibration.file import KEPT, _digest
from files import kept_path as kept


def test_round_trip(calibration: Calibration, tmp_path: Path) -> None:
    path = save(calibration, tmp_path / "a.calibration.json")
    again = load(path)
    assert checksum(again) == checksum(calibration)
    assert again.sensors == calibration.sensors
    assert json.loads(path.read_text())["format"] == "lodestone-calibration"


def test_heights_survive_and_an_older_file_has_none(calibration: Calibration, tmp_path: Path) -> None:
    carry = carry_from(np.array([1.0, -2.0, 0.5, 0.0]))
    path = save(dataclasses.replace(calibration, carry=carry), tmp_path / "a.calibration.json")
    again = load(path).carry
    assert again is not None
    assert np.array_equal(again.shift_mm, carry.shift_mm)
    assert np.array_equal(again.weights, carry.weights)
    save(calibration, path)
    document = json.loads(path.read_text())
    document["version"] = 1
    del document["calibration"]["carry"]
    document["sha256"] = _digest(document["calibration"])
    path.write_text(json.dumps(document))
    assert load(path).carry is None


def rewritten(change: Callable[[dict[str, Any]], None], digest: bool) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        document = json.loads(path.read_text())
        change(document)
        if digest:
            document["sha256"] = _digest(document["calibration"])
        path.write_text(json.dumps(document))

    return damage


def set_in(*keys: Any) -> Callable[[dict[str, Any]], None]:
    """Puts the last argument where the keys before it lead."""

    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for key in keys[:-2]:
            place = place[key]
        place[keys[-2]] = keys[-1]

    return change


BODY = "calibration"
DAMAGE = {
    "truncated": (lambda path: path.write_text(path.read_text()[:999]), "ends too early"),
    "binary": (lambda path: path.write_bytes(b"\xff\xfe\x00"), "cannot be read as text"),
    "missing": (lambda path: path.unlink(), "no such file"),
    "another kind": (rewritten(set_in("format", "recipe"), False), "another kind"),
    "newer": (rewritten(set_in("version", 99), False), "version 99"),
    "edited": (rewritten(set_in(BODY, "response", "knee_mt", 0.31), False), "edited or damaged"),
    "no number": (rewritten(set_in(BODY, "rest", "offset_mt", 0, 0, "much"), True), "complete calibration"),
    "lost part": (rewritten(lambda d: d[BODY].pop("play"), True), "'play'"),
    "wrong shape": (rewritten(set_in(BODY, "rest", "noise_mt", [[1, 2, 3]]), True), "shape"),
    "no reach": (rewritten(set_in(BODY, "response", "reach_mt", [0.0] * 12), True), "dead zone"),
    "short carry": (
        rewritten(set_in(BODY, "carry", {"shift_mm": [[0] * 3] * 4, "weights": [[1]]}), True),
        "carry",
    ),
    "hum weights": (rewritten(set_in(BODY, "rest", "mains_taps", [0.5, 0.6]), True), "sum to 1"),
    "hum by a word": (rewritten(set_in(BODY, "rest", "mains_taps", ["nan"]), True), "mains weight of nan"),
    "no level": (rewritten(set_in(BODY, "play", "touch_rms", 0.0), True), "touch level"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_file_is_refused(calibration: Calibration, tmp_path: Path, damage: str) -> None:
    path = save(calibration, tmp_path / "a.calibration.json")
    change, words = DAMAGE[damage]
    change(path)
    with pytest.raises(CalibrationError, match=words) as caught:
        load(path)
    assert "\n" not in str(caught.value)


def test_previous_ones_are_kept_and_come_back(calibration: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "a.calibration.json"
    for number in range(KEPT + 3):
        save(dataclasses.replace(calibration, magnet_set=str(number)), path)
    assert load(path).magnet_set == str(KEPT + 2)
    assert load(kept(path, KEPT)).magnet_set == "2"
    assert not kept(path, KEPT + 1).exists()
    undo(path)
    assert load(path).magnet_set == str(KEPT + 1)
    assert load(kept(path, 1)).magnet_set == str(KEPT)


def test_saved_twice_is_saved_once(calibration: Calibration, tmp_path: Path) -> None:
    path = save(dataclasses.replace(calibration, magnet_set="before"), tmp_path / "a.calibration.json")
    for _ in range(3):
        save(calibration, path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.calibration.json", "a.calibration.json.1"]
    assert load(undo(path)).magnet_set == "before"


def test_undo_without_a_previous_one(calibration: Calibration, tmp_path: Path) -> None:
    path = save(calibration, tmp_path / "a.calibration.json")
    with pytest.raises(CalibrationError, match="none beside"):
        undo(path)
    assert load(path).board == "test"


def test_a_wrong_calibration_never_replaces_a_good_one(calibration: Calibration, tmp_path: Path) -> None:
    path = save(calibration, tmp_path / "a.calibration.json")
    broken = dataclasses.replace(calibration, frame_rate_hz=-1.0)
    with pytest.raises(CalibrationError, match="frame rate"):
        save(broken, path)
    assert load(path).frame_rate_hz == calibration.frame_rate_hz
    assert list(tmp_path.iterdir()) == [path]


def test_several_undos_lose_nothing_and_redo_takes_each_back(
    calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "a.calibration.json"
    sums = []
    for number in range(4):
        save(dataclasses.replace(calibration, magnet_set=f"evening {number}"), path)
        sums.append(checksum(load(path)))
    for number in (2, 1, 0):
        assert checksum(load(undo(path))) == sums[number]
    for number in (1, 2, 3):
        assert checksum(load(redo(path))) == sums[number]
    with pytest.raises(CalibrationError, match="undone"):
        redo(path)
    for number in (2, 1, 0):
        assert checksum(load(undo(path))) == sums[number]


def resealed(text: str, change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(text)
    change(document["calibration"])
    body = json.dumps(document["calibration"], sort_keys=True, separators=(",", ":"))
    document["sha256"] = hashlib.sha256(body.encode()).hexdigest()
    return json.dumps(document)


UNFIT: dict[str, Callable[[dict[str, Any]], object]] = {
    "NaN": lambda body: body["rest"]["offset_mt"][0].__setitem__(0, float("nan")),
    "Infinity": lambda body: body.__setitem__("frame_rate_hz", float("inf")),
    "400 digits": lambda body: body.__setitem__("frame_rate_hz", 10**400),
    "400 digits in a table": lambda body: body["rest"]["offset_mt"][0].__setitem__(0, 10**400),
    "no sensors": lambda body: body.__setitem__("sensors", []),
    "36 sensors": lambda body: body.__setitem__("sensors", body["sensors"] * 9),
    "no object as sensor": lambda body: body.__setitem__("sensors", [1, 2, 3, 4]),
    "half of a letter": lambda body: body.__setitem__("board", "\ud800"),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_bad_content_is_one_line(calibration: Calibration, tmp_path: Path, unfit: str) -> None:
    path = save(calibration, tmp_path / "a.calibration.json")
    path.write_text(resealed(path.read_text(), UNFIT[unfit]))
    with pytest.raises(CalibrationError):
        load(path)


def test_json_of_any_depth_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.calibration.json"
    path.write_text('{"format": "lodestone-calibration", "version": 3, "calibration": ' + "[" * 200_000)
    with pytest.raises(CalibrationError):
        load(path)
