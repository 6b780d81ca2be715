"""Settings and chips: every row reaches its readers, and what `build` takes the firmware takes."""

from __future__ import annotations

import ast
import copy
import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

import firmware
from definitions import chips
from definitions import settings as table
from definitions import table as tables
from lodestone.image import board_conf
from lodestone.settings import SceneSettings, Settings, SettingsError, default_toml, parse_settings
from sensors import SensorError, SensorSettings
from sensors.settings import check_sensors

ROOT = Path(__file__).parents[2]
CACHED = (chips.chips, table.settings, table.scene_settings, table.tables)


def test_the_page_of_settings_is_made_of_the_tables() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == table.docs(page), "run `python -m definitions docs`"
    for row in table.settings():
        assert f"| `{row.at}` |" in page


def test_the_scene_of_a_file_has_the_fields_of_a_scene() -> None:
    assert {row.key for row in table.scene_settings()} == {entry.name for entry in fields(SceneSettings)}


@pytest.fixture
def rows() -> Iterator[Callable[[str, Callable[[dict[str, Any]], None]], None]]:
    """Changes a table for one test: (its name, what is done to it)."""
    patch = pytest.MonkeyPatch()

    def change(name: str, edit: Callable[[dict[str, Any]], None]) -> None:
        changed = copy.deepcopy(tables.read(name))
        edit(changed)
        for module in (table, chips):
            patch.setattr(module, "read", lambda asked: changed if asked == name else tables.read(asked))
        for cached in CACHED:
            cached.cache_clear()

    yield change
    patch.undo()
    for cached in CACHED:
        cached.cache_clear()


def used_settings() -> set[str]:
    """Names of settings that Python reads as attributes of settings, and C++ as fields of BoardConf."""
    python = {
        node.attr
        for path in (ROOT / "lodestone").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if node.value.id in ("settings", "made", "read")
    }
    sources = [*(ROOT / "firmware" / "platform").glob("*.cpp"), ROOT / "bela_project" / "render.cpp"]
    words = " ".join(path.read_text(encoding="utf-8") for path in sources)
    return python | set(re.findall(r"\b(?:conf_?|ours)(?:\.|->)(\w+)", words))


USERS = {
    "board": "board", "bus": "bus", "frame_rate": "frame_rate_hz", "osc_targets": "osc_targets",
    "osc_port": "osc_port", "allow": "allow", "streams": "streams_mag", "period": "period", "rate": "rate",
    "prefill": "prefill_frames", "voice_threads": "voice_threads", "crossfade_ms": "crossfade_ms",
    "heartbeat_ms": "heartbeat_ms", "swap": "swap", "legacy_rate": "legacy_rate_hz",
    "button_pin": "button_pin", "led_pin": "led_pin",
}  # fmt: skip
"""What the program asks of the settings. A row that goes leaves its user; a row that comes needs one."""


@pytest.mark.parametrize("name", sorted(USERS))
def test_removing_a_setting_is_noticed(name: str) -> None:
    row = table.setting(name)
    assert USERS[name] in used_settings(), f"nothing uses {name} any more: take its row away as well"
    if row.conf:
        assert f" {row.field if row.kind != 'some' else USERS[name]}" in table.header()


def test_every_setting_is_used() -> None:
    assert {row.name for row in table.settings()} == set(USERS)


MODELS = {path.stem.removesuffix("_model") for path in (ROOT / "sensors" / "chips").glob("*_model.py")}
DRIVERS = {p.stem for p in (ROOT / "firmware" / "chips").glob("*.cpp")} - {"sensor_array"}


@pytest.mark.parametrize("name", sorted(MODELS | DRIVERS))
def test_removing_a_chip_is_noticed(name: str) -> None:
    assert name in chips.names(), f"{name} has a driver or a model, and no row in definitions/chips.toml"
    assert name in MODELS
    assert name in DRIVERS
    assert f'"firmware/chips/{name}.h"' in chips.header()


@pytest.mark.parametrize(
    ("name", "edit", "says"),
    [
        ("settings", lambda t: t["setting"][2].update(default=5), "frame_rate"),
        ("settings", lambda t: t["setting"][2].update(kind="hole"), "a kind of whole"),
        ("settings", lambda t: t["setting"].append(t["setting"][0]), "board twice"),
        ("settings", lambda t: t["setting"][0].update(colour=1), "colour"),
        ("chips", lambda t: t["mlx90393"]["setting"][0].update(default=9), "gain_sel"),
        ("chips", lambda t: t["mlx90393"].update(addresses=[12, 12, 14, 15]), "four different addresses"),
        ("chips", lambda t: t["mlx90393"]["who"].update(mask=[1]), "as many bytes"),
        ("chips", lambda t: t.pop("mlx90393"), "the chip mlx90393"),
        ("chips", lambda t: t["mlx90393"]["setting"][0].update(key="g" * 60), "fit 127"),
    ],
)
def test_a_row_that_is_not_well_said_is_named(rows: Any, name: str, edit: Any, says: str) -> None:
    rows(name, edit)
    with pytest.raises(ValueError, match=says):
        print(table.header(), chips.header())


def test_a_new_setting_reaches_every_reader(rows: Any) -> None:
    row = {"name": "fade_in", "at": "modes.fade_in_ms", "kind": "whole", "range": [0, 5000], "unit": "ms",
           "default": 20, "meaning": "of the first sound", "conf": "fade_in_ms"}  # fmt: skip
    rows("settings", lambda t: t["setting"].append(row))
    assert "uint32_t fade_in_ms = 20;  // of the first sound" in table.header()
    assert 'if (key == "fade_in_ms")' in table.header()
    assert "fade_in_ms = 20" in default_toml()
    told = parse_settings(default_toml().replace("fade_in_ms = 20", "fade_in_ms = 30"))
    assert told.fade_in == 30
    assert "fade_in_ms = 30" in board_conf(["a"], told).splitlines()


whole = {row.name: st.integers(*row.range) for row in table.settings() if row.kind == "whole"}
choice = {row.name: st.sampled_from(row.choices) for row in table.settings() if row.kind == "choice"}
address = st.integers(0, 2**32 - 1).map(lambda n: str(ipaddress.IPv4Address(n)))
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=90)
others = {
    "bus": printable.map(lambda t: f"sim:/{t}") | st.integers(0, 99).map(lambda n: f"i2c:/dev/i2c-{n}"),
    "osc_targets": st.lists(st.tuples(address, st.integers(1, 65535)), max_size=8),
    "allow": st.lists(address, max_size=8),
    "streams": st.lists(st.sampled_from(table.setting("streams").choices), max_size=4, unique=True),
}
names = st.from_regex(r"[A-Za-z0-9-]{1,63}", fullmatch=True)


@st.composite
def sensor_settings(draw: st.DrawFn, where: int) -> SensorSettings:
    """One sensor of any chip at `where`; now and then one number of it is beside its range."""
    name = draw(st.sampled_from(chips.names()))
    values: dict[str, Any] = {}
    beside = draw(st.integers(0, 30))
    for number, setting in enumerate(chips.chip(name).settings):
        least = setting.least if number != beside else max(0, setting.least - 1)
        one = st.integers(least, setting.most if number != beside else setting.most + 1)
        values[setting.key] = draw(one if setting.count == 1 else st.tuples(*[one] * setting.count))
    axes = [axis * draw(st.sampled_from((1, -1))) for axis in draw(st.permutations([1, 2, 3]))]
    return SensorSettings(name, where, axes, draw(st.integers(0, 0xFFFF)), values)


four_sensors = st.lists(st.integers(0x08, 0x7B), min_size=4, max_size=4, unique=True).flatmap(
    lambda where: st.tuples(*(sensor_settings(address) for address in where))
)


@given(st.fixed_dictionaries({}, optional=whole | choice | others), four_sensors, st.lists(names, min_size=1))
def test_what_build_takes_the_firmware_takes(
    values: dict[str, Any], sensors: tuple[SensorSettings, ...], named: list[str]
) -> None:
    try:
        check_sensors(sensors)
        settings = Settings(sensors, (), values)
    except (SensorError, SettingsError):
        event("refused by build")
        return
    event("taken by build")
    trouble, read = firmware.read_board_conf(board_conf(named[:64], settings))
    assert trouble == ""
    assert read["scenes"] == named[:64]
    assert read["bus"] == settings.bus
    for row in table.settings():
        if row.conf and row.kind in ("whole", "choice"):
            assert read[row.field] == settings.values[row.name]
    assert read["osc_targets"] == [(int(ipaddress.IPv4Address(a)), p) for a, p in settings.osc_targets]
    assert read["allow"] == [int(ipaddress.IPv4Address(a)) for a in settings.allow]
    assert [c for c in table.setting("streams").choices if read[f"streams_{c}"]] == sorted(
        settings.streams, key=table.setting("streams").choices.index
    )
    for sensor, (chip, where, identity, words) in zip(sensors, read["sensors"], strict=True):
        assert (chip, where, identity) == (sensor.chip, sensor.address, sensor.identity)
        told = dict(word.split("=") for word in words.split())
        for key, value in sensor.values.items():
            assert told[key] == ",".join(map(str, value if isinstance(value, tuple) else (value,)))
