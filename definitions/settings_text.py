"""What a person reads of the settings: a commented instrument.toml, and the tables of docs/settings.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from definitions import chips

if TYPE_CHECKING:
    from definitions.settings import Setting

_COMMENT_AT = 40


def instrument_toml(
    rows: Sequence[Setting], scene: Sequence[Setting], tables: Mapping[str, str], sensors: Sequence[int]
) -> str:
    """A commented file of the defaults, with sensors at these addresses and one scene."""
    lines = [f"# {tables['']}", 'format = "lodestone-instrument"', "version = 1"]
    for table, meaning in tables.items():
        if table:
            lines += ["", f"[{table}]{' ' * max(1, _COMMENT_AT - len(table) - 2)}# {meaning}"]
        lines += [_line(row, row.default) for row in rows if row.table == table]
    lines += ["", "# Sensors in the order of the attractors: left, far, right, near, seen by the player."]
    for address in sensors:
        lines += ["[[sensor]]", f"address = 0x{address:02X}"]
    lines += ["", "[[scene]]"]
    lines += [_line(row, row.default if row.example is None else row.example) for row in scene]
    return "\n".join(lines) + "\n"


def _line(row: Setting, value: Any) -> str:
    said = f"{row.key} = {_toml(value)}"
    return f"{said}{' ' * max(1, _COMMENT_AT - len(said))}# {row.meaning}{_limits(row)}"


def _limits(row: Setting) -> str:
    limits = {
        "whole": f"{row.range[0]} to {row.range[1]}{' ' + row.unit if row.unit else ''}",
        "real": f"{row.range[0]} to {row.range[1]}{' ' + row.unit if row.unit else ''}",
        "choice": ", ".join(row.choices),
        "some": ", ".join(row.choices),
    }.get(row.kind, "")
    limits += f", on a {', '.join(row.boards)}" if row.boards else ""
    return f" ({limits})" if limits else ""


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{name} = {_toml(each)}" for name, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return "[" + ", ".join(map(_toml, value)) + "]" if isinstance(value, list) else json.dumps(value)


def settings_table(rows: Sequence[Setting]) -> str:
    """The settings as Markdown."""
    lines = ["| line | what it takes | default | what it is | in board.conf |", "|---|---|---|---|---|"]
    for row in rows:
        wanted = row.wanted + (f" {row.unit}" if row.unit else "")
        wanted += f"; on a {', '.join(row.boards)} only" if row.boards else ""
        default = "–" if row.default is None else f"`{_toml(row.default)}`"
        conf = f"`{row.conf}`" if row.conf else "–"
        lines.append(f"| `{row.at}` | {wanted} | {default} | {row.meaning} | {conf} |")
    return "\n".join(lines)


def renew(page: str, rows: Sequence[Setting], scene: Sequence[Setting]) -> str:
    """`page` with what stands between `<!-- made: NAME -->` and `<!-- end -->` made anew."""
    made = {
        "settings": settings_table(rows),
        "scene": settings_table(scene),
        "chips": chips.table(),
    }
    for name, text in made.items():
        before, begin, rest = page.partition(f"<!-- made: {name} -->\n")
        _, end, after = rest.partition("<!-- end -->")
        page = f"{before}{begin}{text}\n{end}{after}" if begin and end else page
    return page
