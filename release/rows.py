"""Tries every row of the README's table: `python3 rows.py README MAPPING_PAGE LODESTONE`.

It needs nothing but Python, so that it runs in a bare system. In an empty folder it makes what the rows speak
of (a RAVE file, a mapping), keeps a simulated board alive for those that want one, and lets what runs until
it is stopped run for some seconds. A row fails by a traceback, by an exit that is neither success nor one
line of ours, or by a refusal where none is expected. Rows that name no board look for one on the USB cable:
give this machine its address, 192.168.7.2, as `release.check` does in a network of its own.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

ENDLESS = ("page --board", "page --live", "live", "host", "record", "calibration watch", "sensors watch")
"""They go on until Ctrl-C."""
BOARD = (
    "page --board",
    "status",
    "mode",
    "board",
    "scene",
    "knob",
    "host",
    "record",
    "calibration watch --board",
    "calibration undo",
    "calibrate --board",
)
"""They want a board that answers."""
REFUSED = {
    "flash": "no board with ssh, or no rsync here",
    "sensors scan --bus smbus:1": "no I2C bus",
    "doctor": "it exits with 1 where something is bad",
    "bench engine": "it wants a checkout",
    "calibration undo": "there may be none before it",
}
ALONE_S, PATIENCE_S = 8.0, 900.0
REPLACED = ((" [--share]", ""),)


@dataclass(frozen=True)
class Row:
    """What a player wants, and the commands that the table gives for it, ready to be run."""

    want: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What came of a command."""

    command: str
    ended: str
    wrong: str
    seconds: float


def rows(readme: str) -> list[Row]:
    """The rows of the table under Next steps; those that only name a file or `make` have no command."""
    table = readme.split("\n## Next steps\n")[1].split("\n## ")[0]
    found = []
    for line in table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[0] != "you want to":
            found.append(Row(cells[0], tuple(_commands(cells[1]))))
    return found


def _commands(cell: str) -> list[str]:
    """`lodestone …` of a cell; an option alone (`--board …`, `--sc`) belongs to the command before it."""
    found: list[str] = []
    for code in re.findall(r"`([^`]+)`", cell):
        for old, new in REPLACED:
            code = code.replace(old, new)
        if code.startswith("lodestone "):
            found.append(code)
        elif code.startswith("--") and found:
            words = [
                word for word in shlex.split(found[-1]) if word not in ("--simulate", "--report", "card")
            ]
            found.append(" ".join(words) + " " + code)
    return found


def is_one_of(command: str, names: tuple[str, ...]) -> bool:
    """Whether a command begins as one of `names`."""
    said = command.removeprefix("lodestone ")
    return any(said == name or said.startswith(name + " ") for name in names)


def attempt(lodestone: str, command: str, folder: Path) -> Outcome:
    """Runs one command in `folder`, and judges how it ended."""
    endless, began = is_one_of(command, ENDLESS), time.monotonic()
    process = start(lodestone, command, folder)
    try:
        said, _ = process.communicate("n\n", timeout=ALONE_S if endless else PATIENCE_S)
        ended = f"exit {process.returncode}"
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)
        try:
            said, _ = process.communicate(timeout=60)
            ended = "stopped" if endless else "too slow"
        except subprocess.TimeoutExpired:
            process.kill()
            said, ended = process.communicate()[0], "does not stop"
    return Outcome(command, ended, _wrong(command, ended, process.returncode, said), time.monotonic() - began)


def _wrong(command: str, ended: str, status: int, said: str) -> str:
    """Empty where all is well."""
    if "Traceback (most recent call last)" in said:
        return said[-1500:]
    if ended in ("too slow", "does not stop"):
        return ended
    if status == 1 and "the PortAudio library, got " in said:
        return ""  # a system without sound: told with its remedy
    ours = any(line.startswith(("lodestone: wanted ", "deploy: ")) for line in said.splitlines())
    allowed = is_one_of(command, tuple(REFUSED)) or (ours and "--board" in command and "calibrate" in command)
    if status in (0, 130) or (status == 1 and allowed):
        return ""
    return said[-600:] or f"exit {status}"


def start(lodestone: str, command: str, folder: Path, said: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Starts a command of the player's; Ctrl-C reaches it alone, even where this script ignores it."""
    words = [lodestone, *shlex.split(command)[1:]]
    environment = {**os.environ, "HOME": str(folder), "MPLCONFIGDIR": str(folder / ".matplotlib")}
    return subprocess.Popen(
        words,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def prepare(lodestone: str, mapping_page: str, folder: Path) -> None:
    """What the rows speak of: files of RAVE models, a mapping of the player's own."""
    for name in ("MODEL.ts", "big.ts"):
        subprocess.run(
            [lodestone, "voices", "glass", "--ts", name], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
    block = mapping_page.split("\n## A mapping of your own\n")[1]
    code = re.match(r"(?:(?:    .*)?\n)+", block.split("\n\n", 1)[1])
    (folder / "mine.py").write_text(textwrap.dedent(code[0] if code else ""), encoding="utf-8")


def main(readme: Path, mapping_page: Path, lodestone: str) -> int:
    """Tries all, prints a line for each, and returns how many went wrong."""
    folder = Path.cwd()
    prepare(lodestone, mapping_page.read_text(encoding="utf-8"), folder)
    commands = [c for row in rows(readme.read_text(encoding="utf-8")) for c in row.commands]
    first = ["lodestone calibrate --simulate", "lodestone build --init"]
    commands = [*first, *(command for command in dict.fromkeys(commands) if command not in first)]
    wrong = [_told(attempt(lodestone, command, folder)) for command in first]
    # What it says is read by nobody: a full pipe would stop it.
    board = start(lodestone, "lodestone live instrument.toml --silent", folder, subprocess.DEVNULL)
    try:
        time.sleep(ALONE_S * 2)
        wrong += [_told(attempt(lodestone, c, folder)) for c in commands if is_one_of(c, BOARD)]
    finally:
        board.send_signal(signal.SIGINT)
        board.communicate(timeout=60)
    wrong += [_told(attempt(lodestone, c, folder)) for c in commands[2:] if not is_one_of(c, BOARD)]
    wrong = [outcome for outcome in wrong if outcome.wrong]
    for outcome in wrong:
        print(f"\n{outcome.command}\n{outcome.wrong}")
    print(f"{len(commands)} commands, {len(wrong)} wrong")
    return len(wrong)


def _told(outcome: Outcome) -> Outcome:
    judged = "wrong" if outcome.wrong else "good"
    print(f"{judged:6}{outcome.ended:9}{outcome.seconds:7.1f} s  {outcome.command}", flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]), 100))
