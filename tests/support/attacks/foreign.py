"""Values that do not belong where they are put, and JSON with some of them in it."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

FOREIGN: tuple[object, ...] = (
    *(None, True, -1, 0, 2**29 + 1, 2**31, 2**64, 10**400, 0.5, 1e30, 1e-320, -0.0),
    *(float("nan"), float("inf"), float("-inf")),
    *("8", "", [], [8], [[]], {}, {"a": 1}, "x" * 100_000, "line\nline", "\ud800", "\0", "nan"),
)

BROKEN = ("[" * 100_000, "{" * 100_000, "7", "null", "{}", '"text"', '{"a"', "\ud7ff", "", "1" * 5000)
"""Texts that are no document, or another one."""


def changed(document: Any, dice: random.Random) -> Any:
    """`document` of lists, dictionaries and values with one of its places changed; it is changed in place."""
    places: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        each = waiting.pop()
        for key in each if isinstance(each, dict) else range(len(each)):
            places.append((each, key))
            if isinstance(each[key], dict | list):
                waiting.append(each[key])
    if not places:
        return copy.deepcopy(dice.choice(FOREIGN))
    # A table of numbers has hundreds of places, all alike: names are chosen as often as entries.
    named = [place for place in places if isinstance(place[0], dict)]
    where, key = dice.choice(named if named and dice.randrange(2) else places)
    deed = dice.randrange(8)
    if deed == 0:
        del where[key]
    elif deed == 1 and isinstance(where, list):
        where.insert(key, where[key])
    elif deed == 2:
        where[key] = [where[key]]
    elif deed == 3 and isinstance(where[key], int | float):
        where[key] = -where[key]
    else:
        where[key] = copy.deepcopy(dice.choice(FOREIGN))
    return document


def changed_text(text: str, dice: random.Random) -> str:
    """`text` of a JSON document with one to three places changed, or broken as a text."""
    if dice.randrange(8) == 0:
        return dice.choice(BROKEN)
    if dice.randrange(8) == 0:
        at = dice.randrange(len(text) + 1)
        return text[:at] + dice.choice(('"', "[", "}", "\0", "1e999", "NaN", "")) + text[at + 1 :]
    document = json.loads(text)
    for _ in range(dice.randint(1, 3)):
        if isinstance(document, dict | list):
            document = changed(document, dice)
    return json.dumps(document)


def changed_bytes(data: bytes, dice: random.Random) -> bytes:
    """`data` with one to four of its bytes changed, cut off, doubled or taken out."""
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(data) + 1)
        deed = dice.randrange(5)
        if deed == 0:
            data = data[:at]
        elif deed == 1:
            data = data[:at] + data[at + dice.randint(1, 64) :]
        elif deed == 2:
            data = data[:at] + data[at : at + 64] + data[at:]
        else:
            data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
    return data
