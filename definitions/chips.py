"""The sensor chips (chips.toml): checked, found by name, and written as the header of their settings.

>>> chip("mlx90393").setting("gain_sel").default
3
>>> list(names())
['mlx90393', 'tmag5273']
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from definitions.table import read

Value = int | tuple[int, ...]
SENSORS = 4
MOST_CHIPS = 8
"""As many as firmware/chips/chip_drivers.h includes."""
DEFAULT = "mlx90393"
"""The chip of a sensor whose settings name none."""


@dataclass(frozen=True)
class ChipSetting:
    """One setting of a chip. `default` has one number, or one for each axis."""

    key: str
    least: int
    most: int
    default: Value
    meaning: str

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return len(self.default) if isinstance(self.default, tuple) else 1

    @property
    def wanted(self) -> str:
        """What a value must be, in words."""
        if (self.least, self.most) == (0, 1):
            return "0 or 1"
        numbers = f"{self.least} to {self.most}"
        return numbers if self.count == 1 else f"{self.count} numbers of {numbers}"


@dataclass(frozen=True)
class Who:
    """How a scan knows a chip by reading only; chips.toml tells the fields."""

    at: tuple[tuple[int, int], ...]
    first: bytes
    wait_us: int
    ask: bytes
    mask: bytes
    answer: bytes
    identity: tuple[int, ...]


@dataclass(frozen=True)
class Chip:
    """One row."""

    name: str
    driver: str
    make: str
    addresses: tuple[int, ...]
    noise_ut: float
    who: Who
    settings: tuple[ChipSetting, ...]

    def setting(self, key: str) -> ChipSetting:
        """The setting of a key. Raises KeyError when there is none."""
        for setting in self.settings:
            if setting.key == key:
                return setting
        raise KeyError(key)

    def defaults(self) -> dict[str, Value]:
        """Every setting by its key."""
        return {setting.key: setting.default for setting in self.settings}


@cache
def chips() -> Mapping[str, Chip]:
    """Every chip by its name, in the order of the table. Raises ValueError naming what is not well said."""
    found = {name: _parse(name, row) for name, row in read("chips").items()}
    if len(found) > MOST_CHIPS:
        raise ValueError(f"chips.toml: wanted at most {MOST_CHIPS} chips, got {len(found)}")
    if DEFAULT not in found:
        raise ValueError(f"chips.toml: wanted the chip {DEFAULT}, got {', '.join(found)}")
    return found


def names() -> tuple[str, ...]:
    """The names of all chips."""
    return tuple(chips())


def chip(name: str) -> Chip:
    """A chip by its name. Raises KeyError when there is none."""
    return chips()[name]


def _parse(name: str, row: Mapping[str, Any]) -> Chip:
    def refuse(wanted: str, got: object) -> ValueError:
        return ValueError(f"chips.toml: wanted {wanted} for {name}, got {got!r}")

    if not re.fullmatch(r"[a-z][a-z0-9]*", name) or not re.fullmatch(r"[A-Z][A-Za-z0-9]*", row["driver"]):
        raise refuse("a name of small letters and a driver of PascalCase", row["driver"])
    addresses = tuple(row["addresses"])
    if len(set(addresses)) != SENSORS or not all(0x08 <= a <= 0x7B for a in addresses):
        raise refuse("four different addresses of 0x08 to 0x7B", addresses)
    who = row["who"]
    if not len(who["mask"]) == len(who["answer"]) > max(who["identity"], default=0):
        raise refuse("a mask, an answer and an identity of as many bytes", who)
    parts = [bytes(who[key]) for key in ("first", "ask", "mask", "answer")]
    settings = tuple(_setting(entry) for entry in row["setting"])
    longest = ["axes=-1,-2,-3", *(f"{s.key}={','.join([str(s.most)] * s.count)}" for s in settings)]
    if len(name) > 15 or len(" ".join(longest)) > 127:  # SensorFacts in firmware/instrument/parts.h
        raise refuse("a name of 15 letters and settings that fit 127 in a line", " ".join(longest))
    for setting in settings:
        numbers = setting.default if isinstance(setting.default, tuple) else (setting.default,)
        if not all(0 <= setting.least <= number <= setting.most <= 255 for number in numbers):
            raise refuse(f"a default of {setting.key} inside 0 ≤ least ≤ most ≤ 255", setting.default)
        if setting.count not in (1, 3) or not re.fullmatch(r"[a-z][a-z0-9_]*", setting.key):
            raise refuse("keys of small letters with one number or three", setting.key)
    at = tuple((int(low), int(high)) for low, high in who["at"])
    first, ask, mask, answer = parts
    known = Who(at, first, int(who["wait_us"]), ask, mask, answer, tuple(who["identity"]))
    return Chip(name, row["driver"], row["make"], addresses, float(row["noise_ut"]), known, settings)


def _setting(entry: Mapping[str, Any]) -> ChipSetting:
    least, most = entry["range"]
    default = entry["default"]
    value = tuple(default) if isinstance(default, list) else int(default)
    return ChipSetting(entry["key"], least, most, value, entry["meaning"])


def header() -> str:
    """The text of firmware/generated/chips.h: names, settings and their ranges."""
    rows = list(chips().values())
    lines = [
        "// The sensor chips and their settings. Made by `python -m definitions` from chips.toml.",
        "#pragma once",
        "",
        "#include <cstdint>",
        "",
        "namespace lodestone {",
        "",
        f"enum class SensorChip : uint8_t {{ {', '.join('k' + row.driver for row in rows)} }};",
        f"constexpr int kSensorChips = {len(rows)};",
        "// For firmware/chips/chip_drivers.h: where each driver is, and ROW(class, name) for each of them.",
        *(
            f'#define LODESTONE_CHIP_HEADER_{n} "firmware/chips/{row.name}.h"'
            for n, row in enumerate(rows, 1)
        ),
        f"#define LODESTONE_EACH_CHIP(ROW) {' '.join(f'ROW({row.driver}, {row.name})' for row in rows)}",
        f"#define LODESTONE_LIST_CHIPS(ROW) {', '.join(f'ROW({row.driver}, {row.name})' for row in rows)}",
        f"constexpr const char* kChipNames[kSensorChips] = {{{', '.join(_quoted(r.name) for r in rows)}}};",
        "// The factory addresses, in the order of the attractors.",
        f"constexpr uint8_t kChipAddresses[kSensorChips][{SENSORS}] = {{",
        *(f"    {{{', '.join(f'0x{a:02X}' for a in row.addresses)}}}," for row in rows),
        "};",
        "",
    ]
    for row in rows:
        lines += [f"// {row.make}.", f"struct {row.driver}Settings {{"]
        lines += [f"  {_member(setting)}  // {setting.wanted}: {setting.meaning}" for setting in row.settings]
        lines += ["};", ""]
    lines += ["// Of every chip; only those of the chip that is there count.", "struct ChipSettings {"]
    lines += [f"  {row.driver}Settings {row.name};" for row in rows]
    lines += ["};", ""]
    lines += _table(rows)
    return "\n".join([*lines, "}  // namespace lodestone", ""])


def _member(setting: ChipSetting) -> str:
    if isinstance(setting.default, tuple):
        return f"uint8_t {setting.key}[{setting.count}] = {{{', '.join(map(str, setting.default))}}};"
    return f"uint8_t {setting.key} = {setting.default};"


def _table(rows: list[Chip]) -> list[str]:
    """The table of keys, and the way from a key to its place."""
    entries = [(row, setting) for row in rows for setting in row.settings]
    lines = [
        "// One setting: `count` numbers from `least` to `most`.",
        "struct ChipKey {",
        "  const char* key;",
        "  SensorChip chip;",
        "  int count, least, most;",
        "  const char* wanted;",
        "};",
        f"constexpr int kChipKeyCount = {len(entries)};",
        "constexpr ChipKey kChipKeys[kChipKeyCount] = {",
    ]
    for row, setting in entries:
        values = f"{setting.count}, {setting.least}, {setting.most}, {_quoted(setting.wanted)}"
        lines.append(f"    {{{_quoted(setting.key)}, SensorChip::k{row.driver}, {values}}},")
    most = max(setting.count for _, setting in entries)
    lines += ["};", "", f"constexpr int kMostChipValues = {most};  // of a key", ""]
    lines += ["// Sets or gives the numbers of key `index`, as many as it has; they must be in range."]
    lines += ["inline void SetChipValues(ChipSettings* settings, int index, const long* values) {"]
    lines += ["  switch (index) {"]
    for index, (row, setting) in enumerate(entries):
        sets = [f"{place} = static_cast<uint8_t>(values[{n}]);" for n, place in _places("->", row, setting)]
        lines.append(f"    case {index}: {' '.join(sets)} return;")
    lines += ["    default: return;", "  }", "}"]
    lines += ["inline void GetChipValues(const ChipSettings& settings, int index, long* values) {"]
    lines += ["  switch (index) {"]
    for index, (row, setting) in enumerate(entries):
        gets = [f"values[{n}] = {place};" for n, place in _places(".", row, setting)]
        lines.append(f"    case {index}: {' '.join(gets)} return;")
    return [*lines, "    default: return;", "  }", "}", ""]


def _places(dot: str, row: Chip, setting: ChipSetting) -> list[tuple[int, str]]:
    """Each number of a key, and where it lies."""
    place = f"settings{dot}{row.name}.{setting.key}"
    return [(0, place)] if setting.count == 1 else [(n, f"{place}[{n}]") for n in range(setting.count)]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def table() -> str:
    """The chips and their keys as Markdown, for docs/settings.md."""
    lines = ["| chip | key | range | default | what it is |", "|---|---|---|---|---|"]
    for row in chips().values():
        for setting in row.settings:
            default = setting.default
            shown = list(default) if isinstance(default, tuple) else default
            lines.append(f"| {row.make} | `{setting.key}` | {setting.wanted} | {shown} | {setting.meaning} |")
    return "\n".join(lines)
