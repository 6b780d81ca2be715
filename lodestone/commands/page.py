"""`lodestone page`: the instrument in a browser, joined to a board; and the making of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Address = Annotated[str | None, typer.Option("--board", help="Address or name of the board.")]


def register(app: typer.Typer) -> None:
    """Adds the verb."""
    app.command("page")(page)


def page(
    board: Address = None,
    board_port: Annotated[int, typer.Option(help="Where the board listens.", min=1, max=65535)] = 7564,
    port: Annotated[int, typer.Option(help="Of the page, on this computer.", min=1, max=65535)] = 8763,
    live: Annotated[
        bool, typer.Option("--live", help="A simulated board, whose marbles the page moves.")
    ] = False,
    share: Annotated[
        bool, typer.Option("--share", help="Let phones and computers on the link play, by a token.")
    ] = False,
    instrument: Annotated[Path, typer.Option(help="Whose scenes a calibration is for.")] = Path(
        "instrument.toml"
    ),
    make: Annotated[bool, typer.Option("--make", help="Make the page, as `make page` does.")] = False,
    out: Annotated[Path, typer.Option(help="Folder of lodestone.html and page/.")] = Path("out"),
    modules: Annotated[Path, typer.Option(help="With --make: where the WebAssembly modules lie.")] = Path(
        "build/browser"
    ),
) -> None:
    """Show and play a board in a browser.

    Example: lodestone page --live
    """
    if make:
        _make(out, modules)
    else:
        from lodestone.page.serve import serve
        from lodestone.page.site import page_folder

        site = page_folder(out)
        serve(board, board_port, port, share=share, live=live, site=site, instrument=instrument)


def _make(out: Path, modules: Path) -> None:
    from rich.console import Console

    from lodestone.page.site import build_page, ready_page

    console = Console(stderr=True)
    built = ready_page(out) or build_page(out, modules, console.print)
    console.print(f"wrote {built.file} ({built.file.stat().st_size / 1e6:.1f} MB) and {built.folder}")
