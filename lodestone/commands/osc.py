"""`lodestone osc`: the messages that a board understands and sends."""

from __future__ import annotations

import json
from typing import Annotated

import typer


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
    for row in rows:
        print(f"{row.address}  from the {row.sender} to the {row.to}: {row.what}")
        for field in row.fields if address else ():
            told = "; ".join(part for part in (field.unit, "|".join(field.choices), field.what) if part)
            count = "Z" if field.open else str(field.count)
            print(f"  {field.name:18} {count:>2} {field.kinds:2} {told}")
