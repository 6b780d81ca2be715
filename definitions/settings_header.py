"""The firmware's side of the settings: a struct with their defaults, and what reads a line of board.conf."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from definitions.settings import Setting


def text(rows: Sequence[Setting]) -> str:
    """The text of firmware/generated/settings.h."""
    ours = [row for row in rows if row.conf]
    return "\n".join(
        [
            "// The player's settings that reach the firmware. Made by `python -m definitions` from",
            "// definitions/settings.toml.",
            "#pragma once",
            "",
            "#include <cstdint>",
            "#include <string>",
            "#include <vector>",
            "",
            "namespace lodestone {",
            "",
            "struct Ipv4Target {",
            "  uint32_t address;  // host byte order",
            "  uint16_t port;",
            "};",
            "",
            "struct PlayerSettings {",
            *(line for row in ours for line in _members(row)),
            "};",
            "",
            "// Takes a line of board.conf: `value` reads its text and says whether it was taken.",
            "// `wanted`: what a value must be, or null where no setting is called `key`.",
            "template <typename Value>",
            "bool TakeSetting(const std::string& key, const Value& value, PlayerSettings* to,",
            "                 const char** wanted) {",
            *(line for row in ours for line in _branch(row)),
            "  *wanted = nullptr;",
            "  return false;",
            "}",
            "",
            "// Tells every setting by its name in board.conf.",
            "template <typename Tell>",
            "void TellSettings(const PlayerSettings& from, Tell&& tell) {",
            *(f'  tell("{name}", from.{name});' for row in ours for name in _names(row)),
            "}",
            "",
            "}  // namespace lodestone",
            "",
        ]
    )


def _names(row: Setting) -> list[str]:
    return [f"{row.name}_{choice}" for choice in row.choices] if row.kind == "some" else [row.field]


def _members(row: Setting) -> list[str]:
    if row.kind == "some":
        return [
            f"  bool {row.name}_{choice} = {str(choice in row.default).lower()};" for choice in row.choices
        ]
    types = {"targets": "std::vector<Ipv4Target>", "addresses": "std::vector<uint32_t>"}
    comment = f"  // {row.meaning}"
    if row.kind in types:
        return [f"  {types[row.kind]} {row.field};{comment}"]
    if row.kind == "whole":
        return [f"  {_whole(row)} {row.field} = {row.default};{comment}"]
    return [f'  std::string {row.field} = "{row.default}";{comment}']


def _whole(row: Setting) -> str:
    """Wide enough for every sum that a setting may come into; a port is what the system calls one."""
    if row.name.endswith("port"):
        return "uint16_t"
    return "int32_t" if row.range[0] < 0 else "uint32_t"


def _branch(row: Setting) -> list[str]:
    call, wanted = _call(row)
    return [
        f'  if (key == "{row.conf}") {{',
        f'    *wanted = "{wanted}";',
        f"    return {call};",
        "  }",
    ]


def _call(row: Setting) -> tuple[str, str]:
    """The reading call of a row, and what is wanted: of one line, where the player writes a list."""
    choices = ", ".join(f'"{choice}"' for choice in row.choices)
    starts = ", ".join(f'"{start}"' for start in row.starts)
    bools = ", ".join(f"&to->{name}" for name in _names(row))
    least, most = row.range
    one = f"at most {row.most} times"
    known = {
        "whole": (f"value.Whole({least}, {most}, &to->{row.field})", row.wanted),
        "choice": (f"value.Choice({{{choices}}}, &to->{row.field})", row.wanted),
        "some": (f"value.Some({{{choices}}}, {{{bools}}})", f"{row.wanted}, or none"),
        "text": (f"value.Text({{{starts}}}, {row.most}, &to->{row.field})", row.wanted),
        "targets": (f"value.Target({row.most}, &to->{row.field})", f"address:port, {one}"),
        "addresses": (f"value.Address({row.most}, &to->{row.field})", f"an IPv4 address, {one}"),
    }
    return known[row.kind]
