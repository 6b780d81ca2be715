"""`lodestone teach`: put sounds where your gestures are, while the instrument plays."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from lodestone.options import LARGEST_PORT, LARGEST_SEED

if TYPE_CHECKING:
    from lodestone.teach_desk import TeachDesk


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("teach")(teach)


def teach(
    board: Annotated[str | None, typer.Option("--board", help="Its address; else the usual ones.")] = None,
    port: Annotated[int, typer.Option(help="Where the board listens.", min=1, max=LARGEST_PORT)] = 7564,
    settings: Annotated[Path, typer.Option(help="What the board was built from.")] = Path("instrument.toml"),
    live: Annotated[
        bool, typer.Option("--live", help="The board is `lodestone live` of this folder.")
    ] = False,
    file: Annotated[Path, typer.Option(help="Of what is taught.")] = Path("lodestone.taught.json"),
    script: Annotated[Path | None, typer.Option(help="Wishes from a file, a line each; - is stdin.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sounds drawn.", min=0, max=LARGEST_SEED)] = 0,
    osc: Annotated[
        int, typer.Option(help="Obey /snapshot/… on this port too; 0: no.", min=0, max=LARGEST_PORT)
    ] = 0,
) -> None:
    """Hold a gesture, choose a sound, keep it.

    hold · roll · reroll · encode FILE [SECOND] · nudge LATENT|WORD [SIGMA] · keep · list ·
    forget N · undo · freeze N · free N · range N SIGMA · seed [N]

    Example: lodestone teach --live
    """
    from lodestone.snapshot_link import SnapshotLink
    from lodestone.teach_session import open_desk

    desk = open_desk(board, port, settings, live, file, seed)
    print(f"Scene {desk.lesson.scene}: {len(desk.lesson.pairs)} gestures taught", file=sys.stderr)
    with contextlib.ExitStack() as stack:
        if osc:
            stack.enter_context(SnapshotLink(desk, osc))
        wishes: TextIO = sys.stdin
        if script is not None and str(script) != "-":
            wishes = stack.enter_context(script.open(encoding="utf-8"))
        try:
            failed = _talk(desk, wishes, script is not None)
        finally:
            for line in desk.leave():
                print(line)
    raise typer.Exit(failed)


def _talk(desk: TeachDesk, wishes: TextIO, stop: bool) -> int:
    """Until the end of the wishes; a script stops at the first that is refused."""
    from errors import LodestoneError

    asks = wishes.isatty()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            if asks:
                print("> ", end="", flush=True)
            line = wishes.readline()
            if not line or line.strip() in ("quit", "exit"):
                break
            try:
                with desk.lock:
                    for told in desk.obey(line):
                        print(told, flush=True)
            except LodestoneError as error:
                print(error, file=sys.stderr, flush=True)
                if stop:
                    return 1
    return 0
