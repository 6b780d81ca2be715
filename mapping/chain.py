"""A mapping's name is its chain: one family, then shapers in their order, joined by `+`."""

from __future__ import annotations

from mapping.errors import MappingError
from mapping.families import Family, family
from mapping.shapers import Shaper, shapers


def chain(name: str) -> tuple[Family, list[Shaper]]:
    """The parts of `rotate`, `wire+snapshots`, `rings+terrain+memory`, ...

    Raises:
        MappingError: an unknown part, one that comes twice, or shapers out of their order.
    """
    first, *rest = name.split("+")
    chosen = family(first)
    known = shapers()
    for part in rest:
        if part not in known:
            wanted = f"shapers out of {', '.join(known)} behind {first}"
            raise MappingError(wanted, repr(part), "choose among these, or leave it out")
    ordered = [part for part in known if part in rest]
    by_order = sorted(rest, key=lambda part: known[part].order)
    if len(set(rest)) != len(rest) or by_order != rest:
        wanted = "each shaper once, places before what moves in time"
        raise MappingError(wanted, name, f"write {'+'.join([first, *ordered])}")
    return chosen, [known[part] for part in rest]
