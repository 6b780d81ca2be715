"""The examples in the docstrings do what they say; what a newcomer calls first has one."""

from __future__ import annotations

import doctest
import importlib
from types import ModuleType

import pytest

FIRST = {
    "calibration.file": ("checksum", "save"),
    "calibration.model": ("channel_name",),
    "definitions.chips": (),
    "definitions.osc": (),
    "definitions.settings": (),
    "errors": ("LodestoneError",),
    "files.reading": (),
    "files.writing": ("write_bytes",),
    "geometry": ("BoardGeometry",),
    "graphs.player": ("GraphPlayer",),
    "graphs.stateful": ("StatefulGraph",),
    "lodestone.image": ("build_image",),
    "lodestone.settings": ("Settings",),
    "mapping.chain": (),
    "mapping.families": ("in_words", "names"),
    "mapping.graph": ("touch_graph",),
    "mapping.shapers": (),
    "mapping.channels": ("channel_order",),
    "model_export.compiler.compile": ("compile_plan",),
    "model_export.compiler.fit": ("fit",),
    "sensors.settings": (),
    "sensors.simulation.gesture": ("load_gesture",),
    "sensors.sources": ("open_source",),
    "voices.catalogue": ("find",),
}


def examples(module: ModuleType) -> list[doctest.DocTest]:
    """Every docstring of a module that has an example."""
    found = doctest.DocTestFinder(exclude_empty=True).find(module, module.__name__)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", sorted(FIRST))
def test_the_examples_of_a_module_are_true(name: str) -> None:
    tests = examples(importlib.import_module(name))
    assert tests
    named = {test.name.removeprefix(name + ".") for test in tests}
    assert set(FIRST[name]) <= named
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    said: list[str] = []
    for test in tests:
        runner.run(test, out=said.append)
    assert runner.failures == 0, "".join(said)


def test_twenty_calls_have_an_example() -> None:
    counted = sum(len(examples(importlib.import_module(name))) for name in FIRST)
    assert counted >= 20
