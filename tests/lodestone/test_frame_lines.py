"""What `lodestone status` says of sensor frames."""

from __future__ import annotations

from dataclasses import replace

from lodestone.board_messages import Status
from lodestone.commands.board import frame_lines

GOOD = Status.from_fields(
    dict.fromkeys(Status.__dataclass_fields__, 0)
    | {
        "frames_per_second": 199.98,
        "frames_wanted": 200,
        "frame_jitter_us": 120,
        "frame_skew_us": 1900,
        "frame_software_us": 310,
        "bus_hz": 400_000,
        "temperature_c": 24.0,
    }
)


def test_wanted_and_reached_jitter_and_skew() -> None:
    first, second, third = frame_lines(GOOD)
    assert first == "sensors  200.0 of 200 frames/s, 24.0 °C"
    assert second == (
        "         jitter 120 µs, skew 1900 µs from the first sensor to the last, "
        "310 µs a frame for touch and packets"
    )
    assert third == "         their bus runs at 400 kHz"


def test_a_slow_bus_says_why_and_how_to_change_it() -> None:
    slow = replace(GOOD, bus_hz=100_000, frames_per_second=151.0, frames_ahead=1)
    first, _, third = frame_lines(slow)
    assert first.startswith("sensors  151.0 of 200 frames/s")
    assert first.endswith("each sensor is started as soon as it has been read")
    assert third.startswith("         their bus runs at 100 kHz, which carries no more; for 400 put ")
    assert "`clock-frequency = <400000>` into the bus's node" in third
    assert "docs/board.md, bus speed" in third


def test_a_board_that_does_not_know_yet() -> None:
    assert frame_lines(replace(GOOD, frames_wanted=0)) == ["sensors  200.0 frames/s, 24.0 °C"]
    assert len(frame_lines(replace(GOOD, bus_hz=0))) == 2
