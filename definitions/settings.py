"""The player's settings (settings.toml): checked, and what values of theirs must be.

    settings_header.py writes the firmware's side, settings_text.py instrument.toml and docs/settings.md.

>>> setting("osc_port").taken(7564)
7564
>>> setting("osc_port").wanted
'a whole number from 1 to 65535'
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from definitions import settings_header, settings_text
from definitions.table import read

KINDS = ("whole", "real", "choice", "some", "text", "name", "targets", "addresses", "knobs")
LONGEST_NAME = 63
MOST_SCENES = 64


class WrongValueError(Exception):
    """A value that its row does not take; the message is what was wanted."""


@dataclass(frozen=True)
class Setting:
    """One row; settings.toml tells what its fields mean. `key` is its place in instrument.toml."""

    name: str
    at: str
    kind: str
    meaning: str
    default: Any = None
    example: Any = None
    range: tuple[int, int] = (0, 0)
    unit: str = ""
    choices: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()
    form: str = ""
    most: int = 0
    conf: str = ""
    boards: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table of instrument.toml where it stands, "" for none."""
        return self.at.rpartition(".")[0]

    @property
    def key(self) -> str:
        """Its key in that table."""
        return self.at.rpartition(".")[2]

    @property
    def field(self) -> str:
        """Its C++ name, which ends in the unit."""
        unit = self.unit.lower()
        return self.name if not unit or self.name.endswith(f"_{unit}") else f"{self.name}_{unit}"

    @property
    def wanted(self) -> str:
        """What a value must be, in words."""
        if self.kind == "whole":
            return f"a whole number from {self.range[0]} to {self.range[1]}"
        if self.kind == "real":
            return f"a number from {self.range[0]} to {self.range[1]}"
        words = {
            "choice": "one of " + ", ".join(self.choices),
            "some": "some of " + ", ".join(self.choices),
            "text": self.form or "a text without control characters",
            "name": f"a name of letters, digits and dashes, at most {LONGEST_NAME}",
            "targets": f"at most {self.most} of address:port, each a numeric IPv4 address and 1 to 65535",
            "knobs": "a table of knobs and numbers",
            "addresses": f"at most {self.most} numeric IPv4 addresses",
        }
        return words[self.kind]

    def taken(self, value: object) -> Any:
        """`value` as the rest of the program takes it. Raises WrongValueError."""
        taken = getattr(self, f"_{self.kind}")(value)
        if taken is None:
            raise WrongValueError(self.wanted)
        return taken

    def _whole(self, value: object) -> int | None:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value if whole and self.range[0] <= value <= self.range[1] else None  # type: ignore[operator,return-value]

    def _real(self, value: object) -> float | None:
        real = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if real and self.range[0] <= value <= self.range[1] else None  # type: ignore[operator,arg-type]

    def _choice(self, value: object) -> str | None:
        return value if isinstance(value, str) and value in self.choices else None

    def _some(self, value: object) -> tuple[str, ...] | None:
        if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
            return None
        return tuple(value) if set(value) <= set(self.choices) and len(set(value)) == len(value) else None

    def _text(self, value: object) -> str | None:
        if not isinstance(value, str) or not value.isprintable():
            return None
        if not self.starts:  # a place on this computer, which never reaches the firmware
            return value if len(value) <= 4096 and (value or self.default == "") else None
        # '#' begins a comment in board.conf, and words end at a space there.
        plain = value.isascii() and not set(value) & set("# ") and len(value) <= self.most
        return (
            value if plain and any(len(value) > len(s) and value.startswith(s) for s in self.starts) else None
        )

    def _name(self, value: object) -> str | None:
        fits = isinstance(value, str) and re.fullmatch(rf"[A-Za-z0-9-]{{1,{LONGEST_NAME}}}", value)
        return str(value) if fits else None

    def _targets(self, value: object) -> tuple[tuple[str, int], ...] | None:
        if not isinstance(value, list | tuple) or len(value) > self.most:
            return None
        taken = [_target(item) for item in value]
        return None if None in taken else tuple(target for target in taken if target is not None)

    def _addresses(self, value: object) -> tuple[str, ...] | None:
        if not isinstance(value, list | tuple) or len(value) > self.most:
            return None
        taken = [_ipv4(item) for item in value]
        return None if None in taken else tuple(address for address in taken if address is not None)

    def _knobs(self, value: object) -> dict[str, float] | None:
        if not isinstance(value, dict):
            return None
        real = all(
            isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e9 for v in value.values()
        )
        return {str(name): float(v) for name, v in value.items()} if real else None

    def conf_lines(self, value: Any) -> list[str]:
        """The lines of board.conf that say a taken value; none where it does not reach the firmware."""
        if not self.conf:
            return []
        if self.kind == "targets":
            return [f"{self.conf} = {address}:{port}" for address, port in value]
        if self.kind == "addresses":
            return [f"{self.conf} = {address}" for address in value]
        return [f"{self.conf} = {' '.join(value) or 'none' if self.kind == 'some' else value}"]


def _ipv4(value: object) -> str | None:
    try:
        return str(ipaddress.IPv4Address(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _target(value: object) -> tuple[str, int] | None:
    if isinstance(value, tuple) and len(value) == 2:
        value = f"{value[0]}:{value[1]}"
    if not isinstance(value, str):
        return None
    address, _, port = value.partition(":")
    known = _ipv4(address)
    if known is None or not re.fullmatch(r"[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        return None
    return known, int(port)


@cache
def settings() -> tuple[Setting, ...]:
    """Every row, in the order of the table. Raises ValueError naming the row that is not well said."""
    rows = tuple(_parse(row) for row in read("settings")["setting"])
    for attribute in ("name", "at"):
        values = [getattr(row, attribute) for row in rows]
        for value in values:
            if values.count(value) > 1:
                raise ValueError(f"settings.toml: wanted each {attribute} once, got {value} twice")
    return rows


@cache
def scene_settings() -> tuple[Setting, ...]:
    """The lines of a [[scene]]."""
    rows = [dict(row) for row in read("settings")["scene"]]
    return tuple(_parse({"name": row["key"], "at": f"scene.{row.pop('key')}", **row}) for row in rows)


@cache
def tables() -> Mapping[str, str]:
    """The tables of instrument.toml and what each is for; "" is what stands before all of them."""
    return {row["name"]: row["meaning"] for row in read("settings")["table"]}


def setting(name: str) -> Setting:
    """The row of a name. Raises KeyError when there is none."""
    for row in settings():
        if row.name == name:
            return row
    raise KeyError(f"no setting {name} in definitions/settings.toml")


def _parse(row: Mapping[str, Any]) -> Setting:
    lists = {
        key: tuple(value) for key, value in row.items() if key in ("range", "choices", "starts", "boards")
    }
    try:
        made = Setting(**{**row, **lists})
        if made.kind not in KINDS or not made.meaning:
            raise ValueError(f"a kind of {', '.join(KINDS)}, and a meaning")
        if made.default is not None:
            made.taken(made.default)
    except (TypeError, ValueError, WrongValueError) as error:
        raise ValueError(f"settings.toml: wanted {error} for {row.get('name')}, got {dict(row)}") from None
    return made


def defaults() -> dict[str, Any]:
    """Every setting by its name, as it is when nothing is said."""
    return {row.name: row.taken(row.default) for row in settings()}


def conf_lines(values: Mapping[str, Any]) -> list[str]:
    """The lines of board.conf for the settings that reach the firmware."""
    return [line for row in settings() for line in row.conf_lines(values[row.name])]


def header() -> str:
    """The text of firmware/generated/settings.h."""
    return settings_header.text(settings())


def instrument_toml(sensors: Sequence[int]) -> str:
    """A commented instrument.toml of the defaults, with sensors at these addresses and one scene."""
    return settings_text.instrument_toml(settings(), scene_settings(), tables(), sensors)


def docs(page: str) -> str:
    """`page`, the text of docs/settings.md, with its generated tables made anew."""
    return settings_text.renew(page, settings(), scene_settings())
