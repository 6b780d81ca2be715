"""Attacks that go on for hours: `python -m bench.attacks SURFACE --minutes N`, or `--cases N`.

A surface is a module here with `attack(going, seed, tally)`: it makes cases as long as it is `going()` and
counts what came of each. The generators are those of `tests/support/attacks`, which the suite runs for
seconds.
"""

from collections.abc import Callable

Going = Callable[[], bool]
