"""Attacks that go on for hours: `python -m bench.attacks SURFACE --minutes N`.

A surface is a module here with `attack(end, tally)`: it makes cases until the clock says `end` and counts
what came of each. The generators are those of `tests/support/attacks`, which the suite runs for seconds.
"""
