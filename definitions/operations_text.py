"""What is written from the table of operations: the firmware's header, and tables of docs/plan-format.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from definitions.operations import (
    BOUNDS,
    PROCESSORS,
    DefinitionError,
    Field,
    Operations,
    Row,
)

_INDICES = ("Space", "DescriptorFlag")  # C++ takes these as an index and as bits
_CPP = {"u32": "uint32_t", "i32": "int32_t", "f32": "float"}


def cpp(operations: Operations) -> str:
    """firmware/generated/operations.h."""
    plan = operations.plan
    lines = [
        "// Made from definitions/operations.toml: the plan file, word for word, little-endian.",
        "#pragma once",
        "",
        "#include <cstdint>",
        "",
        "namespace lodestone {",
        "namespace plan {",
        "",
        "constexpr char kMagic[8] = {" + ", ".join(f"'{c}'" for c in plan["magic"]) + "};",
        f"constexpr uint32_t kVersion = {plan['version']}u;",
        f"constexpr uint32_t kOperationBytes = {plan['operation_bytes']}u;",
        f"constexpr uint32_t kPanel = {plan['panel']}u;  // output channels side by side in the weights",
        f"constexpr uint32_t kNoPlace = {plan['no_place']:#x}u;",
        "",
        "// What may be inside at most.",
    ]
    for name, most in operations.limits.items():
        lines.append(f"constexpr uint64_t kMost{_camel(name)} = {most}u;  // {operations.limits_mean[name]}")
    for name, rows in operations.tables.items():
        lines += _enumeration(name, rows)
    lines += _sizes(operations)
    for layout in operations.layouts.values():
        lines += ["", f"// {layout.means}", f"struct {layout.name} {{", *map(_member, layout.fields), "};"]
        lines += [f'static_assert(sizeof({layout.name}) == {layout.size}u, "no padding");']
    lines += ["", "}  // namespace plan", "}  // namespace lodestone", ""]
    for operands in BOUNDS:
        names = [row.name for row in operations.tables["Map"].values() if row.operands == operands]
        lines += [f"// Every element-wise function of {operands} operand{'s' * (operands > 1)}."]
        lines += [f"#define LODESTONE_MAP{operands}(F) " + " ".join(f"F({name})" for name in names)]
    return "\n".join(lines) + "\n"


def _enumeration(name: str, rows: Mapping[str, Row]) -> list[str]:
    """The numbers, how many there are, and whether a number is one of them."""
    scoped = "" if name in _INDICES else "class "
    lines = ["", f"enum {scoped}{name} : uint32_t {{"]
    lines += [f"  k{row.name} = {row.number}u,  // {row.means}" for row in rows.values()]
    lines += ["};", f"constexpr uint32_t k{name}s = {len(rows)}u;"]
    lines += [f"inline bool Is{name}(uint32_t number) {{", f"  switch (static_cast<{name}>(number)) {{"]
    lines += [f"    case {name}::k{row}: return true;" for row in rows]
    return [*lines, "  }", "  return false;", "}"]


def _sizes(operations: Operations) -> list[str]:
    first, second = BOUNDS[2][0], BOUNDS[3][0]
    lines = ["", "// Operands of an element-wise function; 0: there is no such function."]
    lines += ["inline int MapOperands(uint32_t function) {", "  if (!IsMap(function)) return 0;"]
    lines += [f"  return function < {first}u ? 1 : function < {second}u ? 2 : 3;", "}"]
    lines += ["", "// Bytes of one weight."]
    lines += ["inline uint32_t WeightSize(WeightFormat format) {", "  switch (format) {"]
    for row in operations.tables["WeightFormat"].values():
        lines += [f"    case WeightFormat::k{row.name}: return {row.more['bytes']}u;"]
    return [*lines, "  }", "  return 0u;", "}"]


def _member(field: Field) -> str:
    kind = "char" if field.type == "char" else _CPP.get(field.type, field.type)
    line = f"  {kind} {field.name}" + f"[{field.count}]" * (field.count > 1) + ";"
    return f"{line}  // {field.means}" if field.means else line


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def markdown(operations: Operations) -> dict[str, str]:
    """The tables of docs/plan-format.md by name."""
    tables = {}
    for layout in operations.layouts.values():
        words = [(field.name, _type(field), field.means) for field in layout.fields]
        head = f"{layout.means} {layout.size} bytes.\n\n"
        tables[layout.name] = head + _table(("field", "type", "what"), words)
    for name, rows in operations.tables.items():
        processors = PROCESSORS if name in ("Map", "Activation") else ()
        cells = [
            (str(row.number), row.name, row.means, *(_price(row.price[p]) for p in processors))
            for row in rows.values()
        ]
        tables[name] = _table(("number", "name", "what", *processors), cells)
    most = [(name, f"{n:,}", operations.limits_mean[name]) for name, n in operations.limits.items()]
    tables["limits"] = _table(("of", "at most", "what"), most)
    return tables


def _type(field: Field) -> str:
    if field.type == "char":
        return f"text, {field.count} bytes"
    return f"{field.count} {field.type}" if field.count > 1 else field.type


def _price(price: Mapping[str, float]) -> str:
    if set(price) == {"quad"}:
        return f"{price['quad']:g}"
    return ", ".join(f"{n:g} {name.replace('_', ' ')}" for name, n in price.items() if n)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in cells)])


def renewed(page: str, operations: Operations) -> str:
    """A page with every table between `<!-- table: NAME -->` and `<!-- end -->` as it has to be.

    Raises:
        DefinitionError: a table that the page asks for and that is none, or one that the page has not.
    """
    tables = markdown(operations)
    parts = page.split("<!-- table: ")
    for at, part in enumerate(parts[1:], 1):
        name, _, rest = part.partition(" -->")
        if name not in tables:
            raise DefinitionError(f"the page asks for a table '{name}', and there is none")
        parts[at] = f"{name} -->\n{tables.pop(name)}\n<!-- end -->" + rest.partition("<!-- end -->")[2]
    for name in tables:
        raise DefinitionError(f"the page has no table '{name}'")
    return "<!-- table: ".join(parts)
