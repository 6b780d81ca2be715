"""The words and operations of a plan, out of operations.toml: checked, packed and unpacked by field name.

    OPERATIONS.layout("Header").unpack(data)["hop"]
    OPERATIONS.number("Map", "Tanh")

definitions/operations_text.py writes the C++ header and the tables of docs/plan-format.md from it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from definitions.table import read

PAGE = "plan-format.md"  # in docs/
PROCESSORS = ("armv7", "aarch64")
BOUNDS = {1: (0, 63), 2: (64, 127), 3: (128, 191)}  # numbers of element-wise functions by operands
_PLAIN = {"u32": "I", "i32": "i", "f32": "f"}


class DefinitionError(ValueError):
    """A table that contradicts itself, or values that do not fit it; names the row."""


@dataclass(frozen=True)
class Field:
    """One field of a layout: `count` values of a type, or text of `count` bytes (type "char")."""

    name: str
    type: str
    count: int
    means: str


@dataclass(frozen=True)
class Layout:
    """Words in the order in which they lie in the file, little-endian, without padding."""

    name: str
    means: str
    size: int
    fields: tuple[Field, ...]
    others: Mapping[str, Layout]

    def offset(self, name: str) -> int:
        """Bytes from the start of the layout to a field. Raises DefinitionError for an unknown one."""
        at = 0
        for field in self.fields:
            if field.name == name:
                return at
            at += self.size_of(field)
        raise DefinitionError(f"{self.name} has no field '{name}'")

    def field(self, name: str) -> Field:
        """A field by name. Raises DefinitionError for an unknown one."""
        self.offset(name)
        return next(field for field in self.fields if field.name == name)

    def pack(self, **values: Any) -> bytes:
        """The words: a number, text, a sequence where the field repeats, a mapping (or None: zeros) where it
        is a layout. Every field but `spare` has to be given. Raises DefinitionError that names a missing or
        unknown field.
        """
        made = b""
        for field in self.fields:
            if field.name == "spare":
                made += bytes(self.size_of(field))
                continue
            if field.name not in values:
                raise DefinitionError(f"{self.name} wants a value for '{field.name}'")
            made += self._pack(field, values.pop(field.name))
        for name in values:
            raise DefinitionError(f"{self.name} has no field '{name}'")
        return made

    def unpack(self, data: bytes | bytearray, at: int = 0) -> dict[str, Any]:
        """Values by field name, as `pack` takes them. Raises DefinitionError where the bytes end before."""
        if at < 0 or at + self.size > len(data):
            raise DefinitionError(f"{self.name} at byte {at} of {len(data)}: the bytes end before it")
        values: dict[str, Any] = {}
        for field in self.fields:
            if field.type == "char":
                values[field.name] = bytes(data[at : at + field.count]).split(b"\0")[0].decode("latin-1")
            elif field.type in self.others:
                values[field.name] = self.others[field.type].unpack(data, at)
            else:
                found = struct.unpack_from(f"<{field.count}{_PLAIN[field.type]}", data, at)
                values[field.name] = found[0] if field.count == 1 else found
            at += self.size_of(field)
        return values

    def _pack(self, field: Field, value: Any) -> bytes:
        try:
            if field.type == "char":
                text = value if isinstance(value, bytes) else value.encode("ascii", "replace")
                return bytes(text[: field.count].ljust(field.count, b"\0"))
            if field.type in self.others:
                return bytes(self.size_of(field)) if value is None else self.others[field.type].pack(**value)
            values = [value] if field.count == 1 else list(value)
            return struct.pack(f"<{field.count}{_PLAIN[field.type]}", *values)
        except (struct.error, TypeError, AttributeError) as error:
            raise DefinitionError(f"{self.name}.{field.name}: {error}") from None

    def size_of(self, field: Field) -> int:
        """Bytes of a field."""
        each = 1 if field.type == "char" else 4 if field.type in _PLAIN else self.others[field.type].size
        return each * field.count


@dataclass(frozen=True)
class Row:
    """One number with a name, and what its table says of it beside."""

    name: str
    number: int
    means: str
    operands: int
    price: Mapping[str, Mapping[str, float]]  # processor to class of instruction to how many
    more: Mapping[str, Any]


class Operations:
    """The whole table, checked. Raises DefinitionError that names the row that is wrong."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        table = dict(table)
        self.plan: dict[str, Any] = table.pop("plan")
        self.limits = {name: int(row["most"]) for name, row in table["limits"].items()}
        self.limits_mean = {name: str(row["means"]) for name, row in table.pop("limits").items()}
        self.layouts: dict[str, Layout] = {}
        for name, rows in table.pop("layout").items():
            fields = tuple(_field(name, *row) for row in rows["fields"])
            self.layouts[name] = Layout(name, rows["means"], rows["bytes"], fields, self.layouts)
        self.tables = {name: {row: _row(row, v) for row, v in rows.items()} for name, rows in table.items()}
        self._check()

    def layout(self, name: str) -> Layout:
        """Words of the file by their name. Raises DefinitionError for an unknown one."""
        if name not in self.layouts:
            raise DefinitionError(f"no layout '{name}'")
        return self.layouts[name]

    def row(self, table: str, name: str) -> Row:
        """A row by name. Raises DefinitionError for an unknown one."""
        if name not in self.tables.get(table, {}):
            raise DefinitionError(f"no {table} '{name}'")
        return self.tables[table][name]

    def number(self, table: str, name: str) -> int:
        """The number of a row. Raises DefinitionError for an unknown one."""
        return self.row(table, name).number

    def name(self, table: str, number: int) -> str:
        """The name behind a number. Raises DefinitionError for an unknown one."""
        for row in self.tables[table].values():
            if row.number == number:
                return row.name
        raise DefinitionError(f"no {table} of number {number}")

    def price(self, table: str, name: str, processor: str) -> Mapping[str, float]:
        """Instructions by class. Raises DefinitionError where the row has no price."""
        found = self.row(table, name).price
        if processor not in found:
            raise DefinitionError(f"{table} '{name}' has no price on {processor}")
        return found[processor]

    def _check(self) -> None:
        for layout in self.layouts.values():
            whole = sum(layout.size_of(field) for field in layout.fields)
            if whole != layout.size:
                raise DefinitionError(f"{layout.name}: its fields make {whole} bytes, wanted {layout.size}")
        for name, rows in self.tables.items():
            numbers = [row.number for row in rows.values()]
            for row in rows.values():
                if numbers.count(row.number) > 1:
                    raise DefinitionError(f"{name} '{row.name}': number {row.number} is taken")
                if name in ("Map", "Activation"):
                    for processor in PROCESSORS:
                        self.price(name, row.name, processor)
                if name == "Kind" and "price" not in row.more:
                    raise DefinitionError(f"{name} '{row.name}' has no price")
                if name == "Map":
                    low, high = BOUNDS.get(row.operands, (1, 0))
                    if not low <= row.number <= high:
                        raise DefinitionError(
                            f"Map '{row.name}': wanted a number for {row.operands} operands"
                        )


def _field(layout: str, name: str, kind: str, means: str) -> Field:
    base, _, times = kind.partition("x")
    count = int(times or 1)
    if base.startswith("char"):
        base, count = "char", int(base.removeprefix("char"))
    if base != "char" and base not in _PLAIN and not base[:1].isupper():
        raise DefinitionError(f"{layout}.{name}: wanted a type, got '{kind}'")
    return Field(name, base, count, means)


def _row(name: str, values: Mapping[str, Any]) -> Row:
    price: dict[str, Mapping[str, float]] = {}
    for processor in PROCESSORS:
        given = values.get(processor, values.get("price"))
        if isinstance(given, Mapping):
            price[processor] = {str(k): float(v) for k, v in given.items()}
        elif isinstance(given, (int, float)):
            price[processor] = {"quad": float(given)}
    known = {"number", "means", "operands", *PROCESSORS}
    more = {k: v for k, v in values.items() if k not in known}
    return Row(name, int(values["number"]), str(values["means"]), int(values.get("operands", 0)), price, more)


OPERATIONS = Operations(read("operations"))


def header() -> str:
    """The C++ of everything that the engine has to know."""
    from definitions.operations_text import cpp

    return cpp(OPERATIONS)


def docs(page: str) -> str:
    """The page with its tables renewed."""
    from definitions.operations_text import renewed

    return renewed(page, OPERATIONS)


def describe() -> dict[str, Any]:
    """The whole table."""
    return read("operations")
