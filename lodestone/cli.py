"""The `lodestone` command: each verb lives in a module of `lodestone.commands`."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import logging
import os
import pkgutil
import sys
from collections.abc import Callable
from typing import Annotated

import typer

import lodestone.commands
from errors import LodestoneError
from files import file_error


def _version(asked: bool) -> None:
    if asked:
        print(f"lodestone {importlib.metadata.version('lodestone')}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The command line with every verb of `lodestone.commands` registered."""
    app = typer.Typer(
        name="lodestone",
        help="A magnetic instrument of neural synthesis: flash, calibrate, play.\n\nExample: lodestone play",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # boxes and columns of types would leave too little of 80 columns
    )

    @app.callback()
    def root(
        ctx: typer.Context,
        version: Annotated[
            bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
        ] = False,
    ) -> None:
        if ctx.invoked_subcommand is None:
            from lodestone.next_steps import next_steps

            for line in next_steps():
                print(line)

    for module in sorted(m.name for m in pkgutil.iter_modules(lodestone.commands.__path__)):
        importlib.import_module(f"lodestone.commands.{module}").register(app)
    return app


def main() -> None:
    """Runs the command; what is wrong with the world ends in one line and exit 1, Ctrl-C in exit 130."""
    logging.basicConfig(level=logging.ERROR)  # what a library thinks of a stranger's packet is no news
    _fill_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that this locale cannot write is written in escapes
            stream.reconfigure(errors="backslashreplace")
    status = run(lambda: build_app()())
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    sys.exit(status)


def _fill_closed_streams() -> None:
    """Whoever starts us with a stream closed (`>&-`) gets what `/dev/null` would give: Python has None there,
    and the next file that is opened would take the stream's number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            handle = os.open(os.devnull, os.O_RDWR)
            if handle != number:
                os.dup2(handle, number)
                os.close(handle)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


def run(command: Callable[[], object]) -> int:
    """The exit status of `command`; what the world did to it is told in one line on stderr."""
    try:
        try:
            command()
        finally:
            sys.stdout.flush()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read has gone
        return 1
    except (LodestoneError, OSError, UnicodeError, MemoryError, OverflowError, RecursionError) as error:
        with contextlib.suppress(OSError):
            print(f"lodestone: {_in_words(error)}", file=sys.stderr)
        return 1
    finally:
        _give_up_output()
    return 0


def _give_up_output() -> None:
    """What a closed pipe or a full disk does not take goes nowhere, not into a traceback."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _in_words(error: BaseException) -> LodestoneError:
    if isinstance(error, LodestoneError):
        return error
    if isinstance(error, OSError):
        return file_error(error.filename or "a file, a device or the network", error, "use")
    if isinstance(error, UnicodeError):
        return LodestoneError("text in UTF-8", str(error)[:160], "save that file as UTF-8")
    if isinstance(error, MemoryError):
        return LodestoneError("memory for that", "none left", "take something smaller, or close programs")
    if isinstance(error, RecursionError):
        return LodestoneError("a file of sane depth", "brackets in brackets without end", "give another")
    return LodestoneError("numbers of a sane size", str(error)[:160] or "a larger one", "correct them")
