"""The `lodestone` command: each verb lives in a module of `lodestone.commands`."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import sys
from typing import Annotated

import typer

import lodestone.commands
from errors import LodestoneError


def _version(asked: bool) -> None:
    if asked:
        print(f"lodestone {importlib.metadata.version('lodestone')}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The command line with every verb of `lodestone.commands` registered."""
    app = typer.Typer(
        name="lodestone",
        help="A magnetic instrument that plays neural synthesis: export, calibrate, flash, play.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        pass

    for module in sorted(m.name for m in pkgutil.iter_modules(lodestone.commands.__path__)):
        importlib.import_module(f"lodestone.commands.{module}").register(app)
    return app


def main() -> None:
    """Runs the command; a wrong input ends in one line on stderr and exit 1."""
    try:
        build_app()()
    except LodestoneError as error:
        print(f"lodestone: {error}", file=sys.stderr)
        sys.exit(1)
