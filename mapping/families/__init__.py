"""The entanglement families: every module of this folder is one, under the module's name.

A family has one function, `build(graph, clock, touch, latents, seed)`. It gives y [Z] in units of sigma for
touch [12] of unit spread, and may add knobs and states to the graph. To add a family, add its file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module

from spox import Var

from graphs.clock import Clock
from graphs.stateful import StatefulGraph
from mapping.errors import MappingError

Builder = Callable[[StatefulGraph, Clock, Var, int, int], Var]


def names() -> list[str]:
    """Every mapping that `touch_graph` can build, in alphabetical order.

    >>> names()
    ['rings', 'rotate']
    """
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def family(name: str) -> Builder:
    """The function `build` of the family of this name.

    Raises:
        MappingError: there is none.
    """
    if name not in names():
        raise MappingError(f"a mapping out of {', '.join(names())}", f"{name!r}", "choose one of these")
    build: Builder = import_module(f"mapping.families.{name}").build
    return build
