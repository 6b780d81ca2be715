"""Writes firmware/generated/osc.h: structs of what the board sends, the dispatch of what it is told."""

from __future__ import annotations

from collections.abc import Sequence

from definitions.osc_rows import Field, Knob, Message

CPP = {"i": "int32_t", "f": "float", "s": "const char*", "is": "const Argument&"}
PUT = {"i": "Int", "f": "Float", "s": "String"}
TOP = """// Made from definitions/osc.toml by `python -m definitions`. Do not edit.
// What the board sends as structs, and what it is told as one interface with a table that dispatches to it.
#pragma once

#include "firmware/osc/command_table.h"
#include "firmware/osc/osc_writer.h"

namespace lodestone {
"""


def text(messages: Sequence[Message], knobs: Sequence[Knob]) -> str:
    """The whole header."""
    sent = [row for row in messages if row.sender == "board"]
    told = [row for row in messages if row.sender == "host" and row.to == "board"]
    parts = [TOP, *map(_struct, sent), _interface(told), _table(told), _knobs(knobs)]
    return "\n".join([*parts, "}  // namespace lodestone\n"])


def _struct(row: Message) -> str:
    """A message as a struct, with the places of its arguments and how it is written."""
    name = f"{row.title}Message"
    lines = [f"// {row.address}: {row.what}.", f"struct {name} {{"]
    lines.append(f"  static constexpr const char* kAddress = {_quoted(row.address)};")
    if not row.fixed:
        return "\n".join([*lines, "};", ""])
    lines.append(f"  static constexpr const char* kTags = {_quoted(row.tags)};")
    places = ", ".join(f"k{_camel(field.name)}At = {row.place(field.name)}" for field in row.fields)
    lines.append(f"  enum Place : uint32_t {{ {places} }};")
    lines += [f"  {_member(field)}" for field in row.fields]
    lines += ["};", f"inline void Write(const {name}& from, OscWriter* to) {{"]
    lines.append(f"  to->BeginMessage({name}::kAddress, {name}::kTags);")
    lines += [f"  {_put(field)}" for field in row.fields]
    return "\n".join([*lines, "  to->EndMessage();", "}", ""])


def _member(field: Field) -> str:
    zero = {"i": "0", "f": "0.0f", "s": '""'}[field.kinds]
    size = f"[{field.count}] = {{}}" if field.count > 1 else f" = {zero}"
    told = "; ".join(part for part in (field.what, field.unit) if part)
    return f"{CPP[field.kinds]} {field.name}{size};{f'  // {told}' if told else ''}"


def _put(field: Field) -> str:
    if field.count == 1:
        return f"to->{PUT[field.kinds]}(from.{field.name});"
    kind = CPP[field.kinds]
    return f"for ({kind.removeprefix('const ')} value : from.{field.name}) to->{PUT[field.kinds]}(value);"


def _interface(rows: Sequence[Message]) -> str:
    """The commands as one interface; each handler tells in `refusal` why it does not obey."""
    lines = ['// What the board can be told. A handler that cannot obey returns refusal->Say("why").']
    lines.append("#define LODESTONE_COMMANDS(EACH) \\")
    lines += [f"  EACH(On{row.title}, ({_parameters(row)})) \\" for row in rows]
    lines += ["", "class Commands {", " public:", "  virtual ~Commands() {}"]
    lines += [f"  virtual bool On{row.title}({_parameters(row)}) = 0;  // {row.what}" for row in rows]
    return "\n".join([*lines, "};", ""])


def _parameters(row: Message) -> str:
    named = ["const char* name"] if row.prefix else []
    taken = [f"{CPP['is' if field.since else field.kinds]} {field.name}" for field in row.fields]
    return ", ".join([*named, *taken, "Refusal* refusal"])


def _table(rows: Sequence[Message]) -> str:
    lines = []
    for row in rows:
        if row.fields:
            fields = ", ".join(_field_row(field) for field in row.fields)
            lines.append(f"constexpr FieldRow k{row.title}Fields[] = {{{fields}}};")
    lines += ["", "static const CommandRow kCommandRows[] = {"]
    for row in rows:
        size, at = len(row.fields), f"k{row.title}Fields" if row.fields else "nullptr"
        reads = ["name"] if row.prefix else []
        part = {"i": ".whole", "f": ".number", "s": ".text", "is": ""}
        reads += [
            f"a[{index}]{'' if field.since else part[field.kinds]}" for index, field in enumerate(row.fields)
        ]
        call = f"to->On{row.title}({', '.join([*reads, 'refusal'])})"
        lines += [
            f"    {{{_quoted(row.prefix or row.address)}, {'true' if row.prefix else 'false'}, {size}, {at},",
            f"     [](Commands* to, const char*{' name' if row.prefix else ''},"
            f" const Argument*{' a' if size else ''}, Refusal* refusal) {{ return {call}; }}}},",
        ]
    return "\n".join([*lines, "};", ""])


def _field_row(field: Field) -> str:
    ranged = field.least is not None and field.most is not None
    least, most = (float(field.least or 0), float(field.most or 0)) if ranged else (-3.0e38, 3.0e38)
    name, kinds, choices = map(_quoted, (field.name, field.kinds, "|".join(field.choices)))
    flags = [str(flag).lower() for flag in (ranged, bool(field.since))]
    return f"{{{name}, {kinds}, {least}, {most}, {', '.join(flags)}, {choices}}}"


def _knobs(knobs: Sequence[Knob]) -> str:
    lines = [
        "// The unit of a knob that is known by its name.",
        "struct KnobUnit {",
        "  const char *name, *unit;",
        "};",
    ]
    rows = ", ".join(f"{{{_quoted(knob.name)}, {_quoted(knob.unit)}}}" for knob in knobs)
    return "\n".join([*lines, f"constexpr KnobUnit kKnobUnits[] = {{{rows}}};", ""])


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
