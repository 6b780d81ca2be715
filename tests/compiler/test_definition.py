"""The table of operations against itself, the kernels, the writer and the documentation.

Without any one of its rows, or with an operation that has no price, something here says which.
"""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model_export.compiler.plan as writer
from definitions import operations_text
from definitions.operations import OPERATIONS, DefinitionError, Operations
from definitions.table import read
from model_export.compiler.plan_reader import read_plan
from model_export.compiler.views import ARENA, IO, Buffer, dense

ROOT = Path(__file__).parents[2]
TABLE = read("operations")
PAGE = (ROOT / "docs" / "plan-format.md").read_text(encoding="utf-8")
KERNELS = (ROOT / "firmware" / "engine" / "map_functions_impl.h").read_text(encoding="utf-8")
CPP = "\n".join(p.read_text() for p in sorted((ROOT / "firmware" / "engine").glob("*.[hc]*")))


def problems(table: dict[str, Any]) -> list[str]:
    """What contradicts the table, each by name."""
    try:
        operations = Operations(table)
    except DefinitionError as error:
        return [str(error), *_gone(table)]
    return [*_gone(table), *_kernels(operations), *_words(operations), *_page(operations)]


def _gone(table: dict[str, Any]) -> list[str]:
    """Rows that the documentation has and the table has not."""
    found = []
    for name, part in re.findall(r"<!-- table: (\w+) -->\n(.*?)\n<!-- end -->", PAGE, re.S):
        words = name in table["layout"]
        rows = {f[0] for f in table["layout"][name]["fields"]} if words else set(table[name])
        cells = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")][1:]
        first = 0 if words or name == "limits" else 1
        found += [f"docs/plan-format.md has {name} '{c[first]}'" for c in cells if c[first] not in rows]
    return found


def _kernels(operations: Operations) -> list[str]:
    """Kernels without a row, rows without a kernel, and numbers by name that the engine asks for."""

    kernels = {name: int(n) for n, name in re.findall(r"^MAP([123])\((\w+),", KERNELS, re.M)}
    kernels |= dict.fromkeys(re.findall(r"^struct Map(\w+) \{", KERNELS, re.M), 1)
    rows = operations.tables["Map"]
    found = [f"kernel '{name}' has no row" for name in kernels if name not in rows]
    found += [
        f"Map '{n}' has no kernel of {r.operands}" for n, r in rows.items() if kernels.get(n) != r.operands
    ]
    for name, rows in operations.tables.items():
        asked = set(re.findall(rf"\b{name}::k(\w+)", CPP))
        found += [f"the engine asks for {name} '{row}'" for row in sorted(asked - {*rows})]
    return found


def _words(operations: Operations) -> list[str]:
    """Whether the writer's words are the table's: an example with everything in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writer, "OPERATIONS", operations)
        try:
            example().pack()
        except DefinitionError as error:
            return [str(error)]
    return []


def _page(operations: Operations) -> list[str]:
    tables = operations_text.markdown(operations)
    found = []
    for name, part in re.findall(r"<!-- table: (\w+) -->\n(.*?)\n<!-- end -->", PAGE, re.S):
        wanted = tables.get(name, "").splitlines()
        found += [f"docs/plan-format.md, {name}: {line}" for line in part.splitlines() if line not in wanted]
        found += [
            f"docs/plan-format.md lacks, {name}: {line}" for line in wanted if line not in part.splitlines()
        ]
    return found


def example() -> writer.Plan:
    """A plan with an operation of each layout."""
    views = [dense(Buffer(space, 8, 0), 0, (8, 1)) for space in (IO, ARENA)]
    loops = writer.Loops("Map", "Tanh", [8, 1], views, [view.strides for view in views])
    rows = writer.Rows(views[0], 0, 1)
    conv = writer.Conv(*[1] * 7, 0, writer.NO_PLACE, rows, rows, rows, None)
    knob = writer.Tensor("knob.depth", (8,), 0, default=0.5)
    nothing = np.zeros(0, np.float32)
    facts = dict.fromkeys(("sample_rate_hz", "hop", "frames", "latents", "channels", "delay_samples"), 1)
    made = {"arena_floats": 8, "io_floats": 8, "initial_state": nothing, "constants": nothing, "weights": b""}
    return writer.Plan(
        kind="Touch",
        name="example",
        **facts,  # type: ignore[arg-type]
        macs_per_second=1.0,
        inputs=[knob],
        outputs=[],
        operations=[loops, conv],
        card="",
        **made,  # type: ignore[arg-type]
    )


def test_the_table_holds() -> None:
    assert problems(TABLE) == []


def test_the_page_is_current() -> None:
    assert operations_text.renewed(PAGE, OPERATIONS) == PAGE, "python -m definitions docs renews it"


def _rows() -> list[tuple[str, str]]:
    rows = [
        ("layout." + name, field[0]) for name, words in TABLE["layout"].items() for field in words["fields"]
    ]
    return rows + [(name, row) for name in TABLE if name not in ("plan", "layout") for row in TABLE[name]]


def test_every_row_is_missed_by_name() -> None:
    for name, row in _rows():
        table = copy.deepcopy(TABLE)
        if name.startswith("layout."):
            fields = table["layout"][name.removeprefix("layout.")]["fields"]
            fields[:] = [field for field in fields if field[0] != row]
        else:
            del table[name][row]
        told = problems(table)
        assert any(row in line for line in told), f"{name} '{row}' is gone and nothing says so: {told}"


@pytest.mark.parametrize("table", ["Map", "Activation", "Kind"])
def test_an_operation_without_a_price_is_named(table: str) -> None:
    for row in TABLE[table]:
        for key in ("armv7", "aarch64", "price"):
            changed = copy.deepcopy(TABLE)
            if changed[table][row].pop(key, None) is not None:
                assert any(row in line and "price" in line for line in problems(changed))
    added = copy.deepcopy(TABLE)
    added["Map"]["Cube"] = {"number": 24, "operands": 1, "means": "a a a"}
    assert problems(added) == ["Map 'Cube' has no price on armv7"]
    added["Map"]["Cube"] |= {"armv7": 2, "aarch64": 2}
    assert "Map 'Cube' has no kernel of 1" in problems(added)


def test_what_is_written_is_read_by_name() -> None:
    made = example()
    plan = read_plan(made.pack())
    assert plan.header["macs_per_second"] == 1.0
    assert plan.header["name"] == "example"
    assert plan.inputs[0]["default_value"] == 0.5
    assert [(op.kind, op.function) for op in plan.operations] == [("Map", "Tanh"), ("Conv", "")]
    assert plan.operations[0]["dims"] == (1, 1, 8, 1)
    assert plan.operations[1]["bias_at"] == writer.NO_PLACE
    with pytest.raises(DefinitionError, match="no field 'colour'"):
        writer.words("View", space=1, offset=0, stride=[0] * 4, colour=3)
    with pytest.raises(DefinitionError, match="a value for 'stride'"):
        writer.words("View", space=1, offset=0)
