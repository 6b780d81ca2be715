"""`lodestone compile`: graphs become plans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds this module's verbs."""
    app.command("compile")(compile_command)


def compile_command(
    model: Annotated[Path, typer.Argument(help="An ONNX touch or voice graph.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The plan; beside the model if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Figures as JSON on stdout.")] = False,
) -> None:
    """Compile an ONNX graph into a plan, which the engine plays on the board and on this machine."""
    import json

    from firmware import Engine
    from model_export.compiler import compile_plan

    plan = compile_plan(model)
    engine = Engine(plan)  # a plan is loaded once before it is shipped
    target = output or model.with_suffix(".plan")
    target.write_bytes(plan)
    figures = {"plan": str(target), "bytes": len(plan), "kernels": engine.kernels, "inputs": engine.inputs}
    typer.echo(json.dumps(figures) if as_json else f"{target}: {len(plan) / 1024:.0f} KiB", err=not as_json)
