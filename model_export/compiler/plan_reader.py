"""Reads a plan by field names: the one reader in Python. The engine's own check is the complete one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from definitions.operations import OPERATIONS, DefinitionError
from model_export.compiler.errors import PlanError
from model_export.compiler.plan import sealed

_AGAIN = "compile the model again"


@dataclass(frozen=True)
class Operation:
    """One operation: its kind and function by name, its words by field name, and its byte in the file."""

    kind: str
    function: str
    fields: Mapping[str, Any]
    at: int

    def __getitem__(self, field: str) -> Any:
        return self.fields[field]


@dataclass(frozen=True)
class PlanFile:
    """A plan's words, by the field names of definitions/operations.toml."""

    header: Mapping[str, Any]
    inputs: tuple[Mapping[str, Any], ...]
    outputs: tuple[Mapping[str, Any], ...]
    operations: tuple[Operation, ...]
    card: str


def read_header(data: bytes) -> Mapping[str, Any]:
    """The header by field name. Raises PlanError for anything that is no plan of this version."""
    layout = OPERATIONS.layout("Header")
    magic, version = OPERATIONS.plan["magic"], OPERATIONS.plan["version"]
    if len(data) < layout.size or data[: len(magic)] != magic.encode():
        raise PlanError("a plan", "another file", "give a .onnx or .plan file")
    header = layout.unpack(data)
    if header["version"] != version:
        raise PlanError(f"a plan of version {version}", f"version {header['version']}", _AGAIN)
    return header


@lru_cache(maxsize=4)
def read_plan(data: bytes) -> PlanFile:
    """All words of a plan. Raises PlanError where they are none."""
    header = read_header(data)
    try:
        descriptor, step = OPERATIONS.layout("Descriptor"), OPERATIONS.plan["operation_bytes"]
        count = header["input_count"] + header["output_count"]
        if max(count, header["operation_count"]) > len(data):
            raise DefinitionError("more than the file holds")
        at = header["descriptors_at"]
        tensors = tuple(descriptor.unpack(data, at + descriptor.size * i) for i in range(count))
        operations = tuple(
            _operation(data, header["operations_at"] + step * i) for i in range(header["operation_count"])
        )
        card = data[header["card_at"] :][: header["card_bytes"]].decode()
    except (DefinitionError, UnicodeDecodeError) as error:
        raise PlanError("an intact plan", str(error)[:100], _AGAIN) from None
    inputs = header["input_count"]
    return PlanFile(header, tensors[:inputs], tensors[inputs:], operations, card)


def _operation(data: bytes, at: int) -> Operation:
    number = int.from_bytes(data[at : at + 4], "little")
    kind = OPERATIONS.row("Kind", OPERATIONS.name("Kind", number))
    fields = OPERATIONS.layout(kind.more["layout"]).unpack(data, at)
    table = kind.more.get("functions")
    return Operation(kind.name, OPERATIONS.name(table, fields["function"]) if table else "", fields, at)


def changed(data: bytes, layout: str, at: int = 0, **values: Any) -> bytes:
    """The plan with other values in one of its layouts, sealed again, for tests of the engine's check.

    Args:
        layout: "Header", "Descriptor", "Loops" or "Conv".
        at: the byte where it begins; `Operation.at`, or 0 for the header.
    """
    words = OPERATIONS.layout(layout)
    fields = {**words.unpack(data, at), **values}
    fields.pop("spare", None)
    return sealed(data[:at] + words.pack(**fields) + data[at + words.size :])
