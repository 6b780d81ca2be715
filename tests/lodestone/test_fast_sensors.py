"""The fast setting of the sensors, and when it is advised."""

from __future__ import annotations

from lodestone.fast_sensors import fast, hint
from lodestone.settings import Settings
from sensors import default_sensors


def test_short_hops_are_told_what_the_fast_setting_brings() -> None:
    said = hint(Settings(), "breath", 128)
    assert said is not None
    assert "2 ms sooner" in said
    assert "1.4 times" in said
    assert hint(Settings(), "struck", 512) is None
    assert hint(fast(Settings()), "breath", 128) is None


def test_the_fast_setting_leaves_everything_else() -> None:
    mounted = [one.but(axes=(-2, 1, 3)) for one in default_sensors()]
    made = fast(Settings(mounted, frame_rate=220, crossfade_ms=500))
    assert (made.frame_rate, made.crossfade_ms) == (300, 500)
    assert all(one.axes == (-2, 1, 3) and one.values["oversampling"] == 0 for one in made.sensors)


def test_chips_without_that_setting_are_only_read_more_often() -> None:
    from sensors import SensorSettings

    other = [SensorSettings(chip="tmag5273", address=one) for one in (0x35, 0x22, 0x78, 0x44)]
    assert fast(Settings(other)).sensors == Settings(other).sensors
