"""The error of this package, and the net under whatever reads a stranger's file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from errors import LodestoneError
from graphs.errors import GraphError

_BROKEN = (
    *(TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError),
    *(RecursionError, MemoryError, NotImplementedError),
)


class ExportError(GraphError):
    """A model file that cannot become a voice: one line that says what was wanted, what came, what to do."""


@contextmanager
def refused(kind: type[LodestoneError], wanted: str, do: str) -> Iterator[None]:
    """Turns what a file that contradicts itself raises, wherever that shows, into one line of `kind`.

    Our own errors pass as they are. What is caught is named by its type alone: its text may hold anything.
    """
    try:
        yield
    except LodestoneError as error:
        if type(error) is GraphError and issubclass(kind, GraphError):  # of a node: its words are right
            raise kind(error.wanted, error.got, error.do) from error
        raise
    except _BROKEN as error:
        got = f"one whose parts contradict each other ({type(error).__name__})"
        raise kind(wanted, got, do) from error
