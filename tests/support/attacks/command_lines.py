"""Command lines that nobody would type twice: any verb, odd values, streams and disks that fail.

Each runs in a child of its own in an empty folder, and may end well, in a refusal of one line, or by the
signal that it was sent; never in a traceback, and never without an end.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from lodestone.cli import build_app, main
from tests.support.attacks.foreign import BROKEN, changed_bytes

WALL_S, PROCESSOR_S = 150.0, 20
STOPS_AFTER_S = 2.5
SMALL_DISK = 4096
"""Bytes that a file may have where the disk is full."""
NONSENSE = (
    *(
        "",
        " ",
        "-",
        "--",
        "nan",
        "inf",
        "-inf",
        "-1",
        "0",
        "1e400",
        "9" * 400,
        "0x10",
        "1,2",
        "a b",
        "é",
        "\n",
        "\x1b[2J",
    ),
    *(
        "nowhere",
        "nowhere.onnx",
        "broken.onnx",
        "broken.ts",
        "broken.json",
        "broken.toml",
        "broken.frames",
        "folder",
        "folder.onnx",
        "pipe",
        "pipe.ts",
        "pipe.onnx",
        "pipe.toml",
        "huge.onnx",
        "huge.ts",
        "huge.json",
        "round.onnx",
        "two\nlines.onnx",
    ),
    *(
        "/dev/full",
        "/dev/null",
        "/proc/nowhere/file",
        "/dev/zero",
        "folder/new",
        "x" * 300,
        os.fsdecode(b"\xff\xfe"),
        "localhost",
    ),
    *(
        "127.0.0.1:99999",
        "127.0.0.1:0",
        "serial:/dev/null",
        "sim:free-play",
        "replay:broken.frames",
        "glass",
        "rotate+",
    ),
)
STREAMS = ("file", "file", "file", "full", "closed", "pipe that nobody reads", "ascii", "none")
HOMES = ("here", "here", "here", "not set", "nowhere", "a file")


@dataclass(frozen=True)
class Case:
    """One command line and the world it runs in.

    Attributes:
        words: after `lodestone`.
        stream: where its output goes.
        small_disk: no file may grow beyond `SMALL_DISK`.
        signal_s: when Ctrl-C comes, s.
        home: what the environment says of the player's home.
    """

    words: tuple[str, ...]
    stream: str
    small_disk: bool
    signal_s: float
    home: str = "here"


def commands() -> list[tuple[tuple[str, ...], Any]]:
    """Every verb with its words, sub-verbs included, as click has it (typer brings a click of its own)."""
    found: list[tuple[tuple[str, ...], Any]] = []
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(build_app()))]
    while waiting:
        words, command = waiting.pop()
        inside = getattr(command, "commands", {})
        waiting += [((*words, name), each) for name, each in inside.items()]
        found.append((words, command))
    return sorted(found, key=lambda each: each[0])


def drawn(dice: random.Random) -> Case:
    """A case; half of the values that it gives are right in kind."""
    words, command = dice.choice(commands())
    given: list[str] = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            if parameter.required or dice.randrange(2):
                given.append(dice.choice(NONSENSE))
        elif not parameter.is_eager and parameter.name != "help" and dice.randrange(4) == 0:
            given.append(parameter.opts[0])
            if not parameter.is_flag:
                given.append(_value(parameter, dice))
    if dice.randrange(20) == 0:
        given.append("--nothing-of-that-name")
    return Case(
        (*words, *given), dice.choice(STREAMS), dice.randrange(4) == 0, STOPS_AFTER_S, dice.choice(HOMES)
    )


def _value(option: Any, dice: random.Random) -> str:
    descriptor = option.type_descriptor
    kind = getattr(descriptor.annotation, "__name__", str(descriptor.annotation))
    choices = getattr(descriptor.parameter_info, "click_type", None)
    if dice.randrange(2):
        return dice.choice(NONSENSE)
    if hasattr(choices, "choices"):
        return str(dice.choice(list(choices.choices)))
    if kind == "int":
        return str(dice.choice((1, 2, 7, 2**31, 40_000)))
    return str(dice.choice((0.01, 1, 3.5))) if kind == "float" else dice.choice(NONSENSE)


def attack(count: int, seed: int, tally: Counter[str]) -> None:
    """`count` cases; what came of each is counted, and what should not told with its words."""
    for number in range(count):
        case = drawn(random.Random(f"command lines {seed} {number}"))
        came, told = run(case)
        tally.update({"cases": 1, came: 1})
        if came not in ("refused", "taken"):
            print(f"{came}: {case}\n{told[-1500:]}", file=sys.stderr)


def run(case: Case) -> tuple[str, str]:
    """What came of it, and what it said on stderr."""
    with tempfile.TemporaryDirectory() as place:
        folder, errors = Path(place) / "in", Path(place) / "errors"
        _furnish(folder, random.Random(str(case)))
        child = os.fork()
        if child == 0:
            _be(case, folder, errors)
        status = _waited(child, case.signal_s)
        told = errors.read_text(errors="replace") if errors.exists() else ""
        return _judged(status, told), told


def _judged(status: int | None, told: str) -> str:
    if status is None:
        return "hangs"
    if os.WIFSIGNALED(status):
        return "hangs" if os.WTERMSIG(status) == signal.SIGXCPU else "crashes"
    code = os.WEXITSTATUS(status)
    if "Traceback (most recent call last)" in told or "Exception ignored" in told:
        return "tracebacks"
    if code not in (0, 1, 2, 130):
        return f"exit {code}"
    said = [line for line in told.splitlines() if line.startswith("lodestone: ")]
    if code == 1 and len(said) > 1:
        return "refusals of several lines"
    return "taken" if code == 0 else "refused"


def _furnish(folder: Path, dice: random.Random) -> None:
    (folder / "folder").mkdir(parents=True)
    (folder / "broken.onnx").write_bytes(b"\x08\x08" + bytes(dice.randrange(256) for _ in range(400)))
    (folder / "broken.ts").write_bytes(b"PK\x03\x04" + bytes(dice.randrange(256) for _ in range(400)))
    (folder / "broken.json").write_text(dice.choice(BROKEN), errors="surrogatepass")
    (folder / "folder.onnx").mkdir()
    (folder / "round.onnx").symlink_to("round.onnx")
    (folder / "two\nlines.onnx").write_bytes(b"\x08\x08")
    for name in ("pipe", "pipe.ts", "pipe.onnx", "pipe.toml"):
        os.mkfifo(folder / name)
    for name in ("huge.onnx", "huge.ts", "huge.json"):
        with open(folder / name, "wb") as file:
            file.truncate(6 << 30)  # no block of it is on the disk
    (folder / "broken.toml").write_text("[board\nname = " + json.dumps("x" * 9999))
    (folder / "broken.frames").write_bytes(changed_bytes(b"lodestone-frames" + bytes(300), dice))


def _be(case: Case, folder: Path, errors: Path) -> None:
    """The child: becomes `lodestone` with these words, and never returns."""
    code = 70
    try:
        os.chdir(folder)
        os.environ |= {"TERM": "dumb", "COLUMNS": "80"}
        _be_at_home(case.home, folder)
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_S, PROCESSOR_S + 2))
        if case.small_disk:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        os.dup2(os.open(errors, os.O_CREAT | os.O_WRONLY | os.O_APPEND), 2)
        encoding = "ascii" if case.stream == "ascii" else "utf-8"
        if case.stream == "none":  # as Python begins where the shell was told `<&- >&-`
            os.close(0)
            os.close(1)
            sys.stdin = sys.stdout = None  # type: ignore[assignment]
        else:
            os.dup2(_stream(case.stream, folder), 1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.stdin = open(0, closefd=False)  # noqa: SIM115
            sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding=encoding, closefd=False, buffering=1)  # noqa: SIM115
        if case.small_disk:
            resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL_DISK, SMALL_DISK))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.argv = ["lodestone", *case.words]
        code = _as_the_interpreter()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _be_at_home(home: str, folder: Path) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        os.environ.pop(name, None)
    if home == "not set":
        # The system would name the home of whoever runs the tests: nothing may be written there.
        os.environ["XDG_CACHE_HOME"] = os.environ["XDG_DATA_HOME"] = "/proc/nowhere"
        return
    place = {"here": folder, "nowhere": Path("/proc/nowhere"), "a file": folder / "broken.json"}[home]
    os.environ["HOME"] = str(place)


def _as_the_interpreter() -> int:
    """Runs `main` and ends as Python does: threads are waited for, streams are flushed."""
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        code = 120
    return code


def _stream(kind: str, folder: Path) -> int:
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    if kind in ("closed", "pipe that nobody reads"):
        reader, writer = os.pipe()
        if kind == "closed":
            os.close(reader)
        return writer
    return os.open(folder / "output", os.O_CREAT | os.O_WRONLY)


def _waited(child: int, signal_s: float) -> int | None:
    """Its status; Ctrl-C comes once after `signal_s`. None: it had to be killed."""
    began, sent = time.monotonic(), False
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status
        passed = time.monotonic() - began
        if passed > signal_s and not sent:
            sent = True
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGINT)
        if passed > WALL_S:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.02)
