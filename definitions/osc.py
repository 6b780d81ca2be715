"""The OSC messages (osc.toml): checked, read by name, and described. osc_header makes the firmware's side.

>>> named("/field", [1, 0.5, 0.0, -0.25])
{'sensor': 1, 'field': (0.5, 0.0, -0.25)}
>>> named("/field", [1, 0.5]) is None
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from definitions import osc_docs, osc_header
from definitions.osc_rows import Field, Knob, Message
from definitions.table import read

PARTIES = ("board", "host", "simulation", "teaching")
MOST_FIELDS = 16
"""Of a command to the board: kMostFields of firmware/instrument/command_reader.cpp."""


@cache
def messages() -> tuple[Message, ...]:
    """Every row, in the order of the table. Raises ValueError naming the row that is not well said."""
    rows = tuple(parse(row) for row in read("osc")["message"])
    keys = [(row.address, row.sender) for row in rows]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"osc.toml: wanted each address once from each sender, got {key} twice")
    return rows


@cache
def knobs() -> tuple[Knob, ...]:
    """The knobs whose unit and meaning are known by name."""
    return tuple(Knob(**row) for row in read("osc")["knob"])


def message(address: str, sender: str = "board") -> Message:
    """The row of an address. Raises KeyError when there is none."""
    for row in messages():
        if row.address == address and row.sender == sender:
            return row
    raise KeyError(f"no message {address} from the {sender} in definitions/osc.toml")


def commands(to: str = "board") -> tuple[Message, ...]:
    """What can be told to the board, or to the simulation."""
    return tuple(row for row in messages() if row.sender == "host" and row.to == to)


def command(address: str, to: str = "board") -> Message | None:
    """The row that an address like /knob/reach means, or None."""
    for row in commands(to):
        if address == row.address or (row.prefix and address.startswith(row.prefix)):
            return row
    return None


def named(address: str, values: Sequence[Any], sender: str = "board") -> dict[str, Any] | None:
    """The fields of a message by name; None where it is no such message, or shorter than its row.

    A longer message of a newer firmware is read as far as it is known; fields that came later (`since`) and
    are not there are 0 or "". Several values under one name are a tuple. Ranges are not looked at.
    """
    try:
        row = message(address, sender)
    except KeyError:
        return None
    return row.read(values)


def header() -> str:
    """The text of firmware/generated/osc.h."""
    return osc_header.text(messages(), knobs())


def docs(page: str) -> str:
    """`page`, the text of docs/osc.md, with its generated tables made anew."""
    return osc_docs.renew(page, messages(), knobs())


def describe() -> dict[str, Any]:
    """The whole table as JSON in OSCQuery's shape; `FIELDS` tells names and units, which OSCQuery lacks."""
    return osc_docs.tree(messages(), knobs())


def parse(row: dict[str, Any]) -> Message:
    """A row of the table, checked. Raises ValueError naming what is not well said."""
    address = row.get("address", "(no address)")
    where = f"osc.toml, {address}"
    if not re.fullmatch(r"(/[a-z_]+)+(/NAME)?", address):
        raise ValueError(f"{where}: wanted an address like /mode or /knob/NAME")
    sender = row["from"]
    to = row.get("to", "host" if sender != "host" else "board")
    if sender not in PARTIES or to not in PARTIES or sender == to:
        raise ValueError(f"{where}: wanted from and to among {', '.join(PARTIES)}, got {sender} and {to}")
    fields = tuple(_field(where, field) for field in row["fields"])
    names = [field.name for field in fields]
    if len(set(names)) != len(names):
        raise ValueError(f"{where}: wanted fields of different names, got {', '.join(names)}")
    if any(field.open for field in fields[:-1]) or (fields and sender == "host" and fields[-1].open):
        raise ValueError(f'{where}: only the last field of a message to the host may have count = "Z"')
    if to == "board" and (len(fields) > MOST_FIELDS or any(field.count != 1 for field in fields)):
        raise ValueError(f"{where}: wanted at most {MOST_FIELDS} fields of one value each, for the dispatch")
    if sender != "host" and not row.get("when"):
        raise ValueError(f"{where}: wanted when it is sent")
    return Message(address, sender, to, row["what"], row.get("when", ""), fields)


def _field(where: str, row: dict[str, Any]) -> Field:
    kinds, count = row["type"], row.get("count", 1)
    if kinds not in ("i", "f", "s", "is"):
        raise ValueError(f"{where}, {row['name']}: wanted type i, f, s or is, got {kinds}")
    if count != "Z" and (not isinstance(count, int) or count < 1):
        raise ValueError(f'{where}, {row["name"]}: wanted a count from 1 or "Z", got {count}')
    least, most = row.get("range", (None, None))
    return Field(
        name=row["name"],
        kinds=kinds,
        count=0 if count == "Z" else count,
        what=row.get("what", ""),
        unit=row.get("unit", ""),
        choices=tuple(row.get("of", ())),
        least=least,
        most=most,
        since=row.get("since", ""),
    )
