"""`lodestone osc`: the messages that a board understands and sends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from lodestone.columns import columns

if TYPE_CHECKING:
    from definitions.osc_rows import Field


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("osc")(osc)


def osc(
    address: Annotated[str | None, typer.Argument(help="Only this one, as /status.")] = None,
    as_json: Annotated[bool, typer.Option("--describe", help="JSON, in the shape of OSCQuery.")] = False,
) -> None:
    """List the OSC messages with names, units and ranges.

    Example: lodestone osc --describe
    """
    from definitions.osc import describe, messages
    from lodestone.board import BoardError, nearest

    if as_json:
        print(json.dumps(describe(), indent=1, ensure_ascii=False))
        return
    rows = [row for row in messages() if address in (None, row.address)]
    if not rows:
        known = [row.address for row in messages()]
        raise BoardError("an address of the table", repr(address), nearest(address or "", known))
    if address is None:
        told = [(row.address, row.sender, row.to, row.what) for row in rows]
        print(columns(("address", "from", "to", "what it says"), told))
    for row in rows if address else ():
        print(f"{row.address}  from the {row.sender} to the {row.to}: {row.what}")
        heads = ("field", "count", "type", "unit", "meaning")
        print(columns(heads, [_field(field) for field in row.fields]))


def _field(field: Field) -> tuple[str, str, str, str, str]:
    meaning = "; ".join(part for part in ("|".join(field.choices), field.what) if part)
    count = "Z" if field.open else str(field.count)
    return field.name, count, field.kinds, field.unit or "", meaning
