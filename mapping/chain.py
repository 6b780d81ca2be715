"""A mapping's name is its chain: one family, then shapers in their order, joined by `+`."""

from __future__ import annotations

from mapping import families, shapers
from mapping.errors import MappingError


def chain(name: str) -> tuple[families.Builder, list[shapers.Builder]]:
    """The parts of `rotate`, `wire+snapshots`, `rings+terrain+memory`, ...

    >>> family, shaping = chain("rings+terrain+memory")
    >>> len(shaping)
    2

    Raises:
        MappingError: an unknown part, one that comes twice, or shapers out of their order.
    """
    first, *rest = name.split("+")
    family = families.family(first)
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
