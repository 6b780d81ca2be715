"""`lodestone page`: makes the page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command("page")(page)


def page(
    out: Annotated[Path, typer.Option(help="Folder for lodestone.html and page/.")] = Path("out"),
    modules: Annotated[
        Path, typer.Option(help="Where the WebAssembly modules lie; `make page` makes them.")
    ] = Path("build/browser"),
) -> None:
    """Make the page: the instrument as one HTML file that plays by a double click, and as a static site."""
    from rich.console import Console

    from lodestone.page.build import build_page

    console = Console(stderr=True)
    built = build_page(out, modules, console.print)
    console.print(f"wrote {built.file} ({built.file.stat().st_size / 1e6:.1f} MB) and {built.folder}")
