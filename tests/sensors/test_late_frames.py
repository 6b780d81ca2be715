"""A board's frames whose packets come in another order, come twice, or wrap, as a calibration hears them."""

from __future__ import annotations

import contextlib

import pytest

from lodestone.board import encode
from sensors import Flag, Frame, SensorError
from sensors.board_time import WRAP
from sensors.buses.osc_measured import MOST_PACKETS, MeasuredSource
from tests.support.attacks.datagrams import Line

SENSORS = [
    encode("/sensor", number, "mlx90393", 11 + number, 46000 + number, 49.0, 49.0, 79.0, "gain_sel=3")
    for number in (1, 2, 3, 4)
]


def frame(number: int, first: int = 0) -> list[bytes]:
    """A frame's packets; its field says which it is."""
    time_us = (first + 5000 * number) % WRAP
    head = encode("/frame", (first + number) % WRAP, time_us, 0, 0, 0, 0, *[1.0] * 4, *[25.0] * 4)
    return [head, *(encode("/field", sensor, float(number), 0.0, 23.0) for sensor in (1, 2, 3, 4))]


def heard(packets: list[bytes]) -> tuple[list[Frame], MeasuredSource]:
    frames: list[Frame] = []
    source = MeasuredSource("osc:test", "test", Line([*SENSORS, *packets]), patience_s=0.2)
    with source, contextlib.suppress(SensorError):  # it ends in silence
        for each in source:
            frames.append(each)
    return frames, source


@pytest.mark.parametrize("first", [0, WRAP - 17_000])
def test_a_frame_that_others_overtook_is_left_out_and_counted(first: int) -> None:
    came = [0, 1, 2, 4, 3, 3, 5, 5, 6]
    frames, source = heard([packet for number in came for packet in frame(number, first)])
    assert [each.field_mt[0, 0] for each in frames] == [0, 1, 2, 4, 5, 6]
    assert [each.time_s - first * 1e-6 for each in frames] == pytest.approx(
        [0, 5e-3, 1e-2, 2e-2, 2.5e-2, 3e-2]
    )
    assert [each.sequence - first for each in frames] == [0, 1, 2, 4, 5, 6]
    assert source.late_frames == 3


def test_a_late_beginning_within_a_frame_ends_that_frame() -> None:
    """Whose field then comes is not known: a reading is lost rather than given to another frame."""
    cut = [*frame(1)[:3], *frame(0), *frame(1)[3:]]
    frames, source = heard([*frame(0), *cut, *frame(2)])
    assert [each.field_mt[0, 0] for each in frames] == [0, 1, 2]
    assert [bool(flag & Flag.LOST) for flag in frames[1].flags] == [False, False, True, True]
    assert source.late_frames == 1


def test_a_board_that_began_anew_is_said_to_have() -> None:
    again = [packet for number in range(MOST_PACKETS // 4) for packet in frame(number)]
    source = MeasuredSource("osc:test", "test", Line([*SENSORS, *frame(10**6), *again]), patience_s=0.2)
    with source, pytest.raises(SensorError, match="older frames than those before: it began anew"):
        list(source)
