"""Another board's calibration is refused with the reason; two calibrations are compared in words."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from calibration import Calibration, CalibrationError
from calibration.capture.guard import check_board, differences


def with_sensor(calibration: Calibration, number: int, **change: Any) -> tuple[Any, ...]:
    sensors = list(calibration.sensors)
    sensors[number] = dataclasses.replace(sensors[number], **change)
    return tuple(sensors)


def test_its_own_board_is_welcome(calibration: Calibration) -> None:
    check_board(calibration, calibration.sensors)


def test_other_boards_are_refused_with_the_reason(calibration: Calibration) -> None:
    own = calibration.sensors
    for sensors, words in (
        ((own[1], own[0], *own[2:]), "sensors 1 and 2 exchanged"),
        (with_sensor(calibration, 2, serial=1), "another chip as sensor 3"),
        (tuple(dataclasses.replace(s, serial=s.serial + 99) for s in own), "another board"),
        (with_sensor(calibration, 3, chip="tmag5273"), "tmag5273 instead of mlx90393 as sensor 4"),
        (
            with_sensor(calibration, 1, settings={"gain_sel": 5, "res": 2}),
            "gain_sel 5 instead of 3 on sensor 2",
        ),
    ):
        with pytest.raises(CalibrationError, match=words):
            check_board(calibration, sensors)


def scaled(calibration: Calibration, factor: float) -> Calibration:
    play = dataclasses.replace(
        calibration.play,
        low_mt=calibration.play.low_mt * factor,
        high_mt=calibration.play.high_mt * factor,
    )
    response = dataclasses.replace(calibration.response, reach_mt=calibration.response.reach_mt * factor)
    return dataclasses.replace(calibration, play=play, response=response)


def words(before: Calibration, after: Calibration) -> str:
    return "; ".join(line.words for line in differences(before, after) if line.words)


def test_nothing_changed_says_nothing(calibration: Calibration) -> None:
    assert words(calibration, calibration) == ""


def test_strength_polarity_place_and_warmth_are_told(calibration: Calibration) -> None:
    assert "reach 30 % further" in words(calibration, scaled(calibration, 1.3))
    assert "reach 20 % less far" in words(calibration, scaled(calibration, 0.8))
    rest = dataclasses.replace(calibration.rest, temperature_c=calibration.rest.temperature_c + 8)
    assert "8 degrees warmer" in words(calibration, dataclasses.replace(calibration, rest=rest))
    offset = calibration.rest.offset_mt.copy()
    offset[1] += 0.7
    rest = dataclasses.replace(calibration.rest, offset_mt=offset)
    assert "sensor 2 has moved" in words(calibration, dataclasses.replace(calibration, rest=rest))
    up = dataclasses.replace(
        calibration.play, low_mt=calibration.play.low_mt * 0.2, high_mt=calibration.play.high_mt
    )
    down = dataclasses.replace(
        calibration.play, low_mt=calibration.play.low_mt, high_mt=calibration.play.high_mt * 0.2
    )
    one, other = (dataclasses.replace(calibration, play=play) for play in (up, down))
    assert "the other way up" in words(one, other)
