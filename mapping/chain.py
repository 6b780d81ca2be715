"""A mapping's name is its chain: a family or a file of the player's, then shapers in order, joined by `+`."""

from __future__ import annotations

from pathlib import Path

from mapping import families, shapers
from mapping.errors import MappingError
from mapping.own_mapping import is_own, own_family
from mapping.shapers import Order


def chain(name: str, beside: Path = Path()) -> tuple[families.Builder, list[shapers.Builder]]:
    """The parts of `rotate`, `wire+snapshots`, `rings+terrain+memory`, ...

    >>> family, shaping = chain("rings+terrain+memory")
    >>> len(shaping)
    2

    Args:
        name: the chain; its first part may be `FILE.py:FUNCTION` or `FILE.onnx` (`mapping.own_mapping`).
        beside: the folder that a file's path begins from.

    Raises:
        MappingError: an unknown part, a file that is no mapping, a part that comes twice, or shapers out of
            their order.
    """
    first, rest = parts(name)
    family = own_family(first, beside) if is_own(first) else families.family(first)
    known = shapers.names()
    for part in rest:
        if part not in known:
            wanted = f"shapers out of {', '.join(known)} behind {first}"
            raise MappingError(wanted, repr(part), "choose among these, or leave it out")
    if len(set(rest)) != len(rest) or sorted(rest, key=shapers.order) != rest:
        ordered = [part for part in known if part in rest]
        wanted = "each shaper once, places before what moves in time"
        raise MappingError(wanted, name, f"write {'+'.join([first, *ordered])}")
    return family, [shapers.shaper(part) for part in rest]


def remembers(name: str) -> bool:
    """Whether some part of it moves in time, or may: a file of the player's.

    >>> remembers("rotate+terrain"), remembers("rotate+memory")
    (False, True)
    """
    first, rest = parts(name)
    return is_own(first) or any(shapers.order(part) is Order.TIME for part in rest)


def parts(name: str) -> tuple[str, list[str]]:
    """The family and the shapers behind it; the path of a file may hold a `+`.

    >>> parts("rings+memory"), parts("a+b/mine.py:swirl+memory")
    (('rings', ['memory']), ('a+b/mine.py:swirl', ['memory']))
    """
    ends = [name.index(mark) + len(mark) for mark in (".py:", ".onnx") if mark in name]
    file = name[: ends[0]] if ends else ""
    first, *rest = name[len(file) :].split("+")
    return file + first, rest
