"""The entanglement families: every module of this folder is one, under the module's name.

A family has one function, `build(graph, clock, touch, latents, seed)`. It gives y [Z] in units of sigma for
touch [12] of unit spread, and may add knobs and states to the graph. `IN_WORDS` says in one line what it does
to the play. To add a family, add its file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

from spox import Var

from graphs.clock import Clock
from graphs.stateful import StatefulGraph
from mapping.errors import MappingError

Builder = Callable[[StatefulGraph, Clock, Var, int, int], Var]


def names() -> list[str]:
    """Every mapping that `touch_graph` can build, in alphabetical order.

    >>> names()
    ['rings', 'rotate', 'wire']
    """
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def family(name: str) -> Builder:
    """The function `build` of the family of this name.

    Raises:
        MappingError: there is none.
    """
    build: Builder = _module(name).build
    return build


def in_words(name: str) -> str:
    """What a family does to the play, in one line for a player.

    Raises:
        MappingError: there is none of this name.

    Example:
        >>> in_words("rings")
        'blur: attractors hear each other as their rings overlap'
    """
    return str(_module(name).IN_WORDS)


def _module(name: str) -> ModuleType:
    if name not in names():
        raise MappingError(f"a mapping out of {', '.join(names())}", f"{name!r}", "choose one of these")
    return import_module(f"mapping.families.{name}")
