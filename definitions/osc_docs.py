"""The OSC messages for readers: the tables of docs/osc.md, and JSON in the shape of OSCQuery."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from definitions.osc_rows import Field, Knob, Message

LONG = 8
"""A message of more fields than this has a table of its own."""


def renew(page: str, messages: Sequence[Message], knobs: Sequence[Knob]) -> str:
    """`page` with each `<!-- table: SENDER-TO -->` … `<!-- end -->` filled again."""

    def fill(found: re.Match[str]) -> str:
        if found[1] == "knobs":
            text = _knob_table(knobs)
        else:
            sender, to = found[1].split("-")
            text = _tables([row for row in messages if (row.sender, row.to) == (sender, to)])
        return f"<!-- table: {found[1]} -->\n\n{text}\n\n<!-- end -->"

    return re.sub(r"<!-- table: ([a-z-]+) -->.*?<!-- end -->", fill, page, flags=re.DOTALL)


def _tables(rows: Sequence[Message]) -> str:
    told = any(row.when for row in rows)
    lines = ["| message | arguments | what |" + (" when |" if told else "")]
    lines.append("|---|---|---|" + ("---|" if told else ""))
    for row in rows:
        arguments = "see below" if len(row.fields) > LONG else ", ".join(map(_argument, row.fields))
        lines.append(f"| `{row.address}` | {arguments} | {row.what} |" + (f" {row.when} |" if told else ""))
    for row in rows:
        if len(row.fields) > LONG:
            lines += ["", f"The arguments of `{row.address}`, `{row.tags}`:", "", *_fields(row)]
    return "\n".join(lines)


def _argument(field: Field) -> str:
    kind = "i or s" if field.kinds == "is" else field.kinds
    kind = "Z f" if field.open else f"{field.count} {kind}" if field.count > 1 else kind
    return " ".join(part for part in (kind, field.name, _about(field)) if part)


def _about(field: Field) -> str:
    bounds = f"{field.least:g}…{field.most:g}" if field.least is not None and field.most is not None else ""
    parts = (bounds, ", ".join(field.choices), field.unit, field.what)
    told = "; ".join(part for part in parts if part)
    return f"({told})" if told else ""


def _fields(row: Message) -> list[str]:
    lines = ["| | | name | |", "|---|---|---|---|"]
    for field in row.fields:
        at = row.place(field.name) + 1
        place = f"{at}" if field.count == 1 else f"{at}–{at + field.count - 1}"
        lines.append(f"| {place} | {field.kinds} | `{field.name}` | {_about(field).strip('()')} |")
    return lines


def _knob_table(knobs: Sequence[Knob]) -> str:
    rows = [f"| `{knob.name}` | {knob.unit or '1'} | {knob.what} |" for knob in knobs]
    return "\n".join(["| knob | unit | what |", "|---|---|---|", *rows])


def tree(messages: Sequence[Message], knobs: Sequence[Knob]) -> dict[str, Any]:
    """The addresses in OSCQuery's attributes; ACCESS is 1 for sent, 2 for taken, 3 for both."""
    root: dict[str, Any] = {"FULL_PATH": "/", "DESCRIPTION": "Lodestone", "CONTENTS": {}}
    for row in messages:
        node = root
        for part in row.address.strip("/").split("/"):
            path = node["FULL_PATH"].rstrip("/") + "/" + part
            node = node.setdefault("CONTENTS", {}).setdefault(part, {"FULL_PATH": path})
        node["ACCESS"] = node.get("ACCESS", 0) | (2 if row.sender == "host" else 1)
        node.setdefault("MESSAGES", []).append(_described(row))
        if row.fields and "TYPE" not in node:
            node["TYPE"] = "".join(field.kinds[-1] * max(field.count, 1) for field in row.fields)
            node["RANGE"] = [_range(field) for field in row.fields for _ in range(max(field.count, 1))]
        node.setdefault("DESCRIPTION", row.what)
    root["KNOBS"] = [{"NAME": knob.name, "UNIT": knob.unit, "DESCRIPTION": knob.what} for knob in knobs]
    return root


def _described(row: Message) -> dict[str, Any]:
    fields = [
        {
            "NAME": field.name,
            "TYPE": field.kinds,
            "COUNT": "Z" if field.open else field.count,
            **({"UNIT": field.unit} if field.unit else {}),
            **({"RANGE": _range(field)} if _range(field) else {}),
            **({"DESCRIPTION": field.what} if field.what else {}),
            **({"SINCE": field.since} if field.since else {}),
        }
        for field in row.fields
    ]
    return {"FROM": row.sender, "TO": row.to, "WHEN": row.when, "DESCRIPTION": row.what, "FIELDS": fields}


def _range(field: Field) -> dict[str, Any]:
    if field.choices:
        return {"VALS": list(field.choices)}
    return {} if field.least is None else {"MIN": field.least, "MAX": field.most}
