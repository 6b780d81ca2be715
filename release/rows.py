"""Tries every command of README and book: `python3 -m release.rows README DOCS LODESTONE [--first]`.

It needs nothing but Python, so that it runs in a bare system. In an empty folder it makes what the commands
speak of (RAVE files, a mapping, a gesture, recordings), keeps a simulated board alive for those that want
one, and lets what runs until it is stopped run for some seconds. A command fails by a traceback, by an exit
that is neither success nor one line of ours, or by a refusal where none is expected. Commands that name no
board look for one on the USB cable: give this machine its address, 192.168.7.2, as `release.check` does in a
network of its own.
"""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path

from release.doc_commands import first_sound, of_page, rows

ENDLESS = (
    "page",
    "live",
    "host",
    "record",
    "calibration watch",
    "sensors watch",
    "sensors record evening.lodestone",
)
"""They go on until Ctrl-C."""
BOARD = (
    "page",
    "status",
    "mode",
    "board",
    "scene",
    "knob",
    "rest",
    "teach",
    "host",
    "record",
    "calibration watch --board",
    "calibration undo --board",
    "calibration show --board",
    "calibration diff --board",
    "calibration apply --board",
    "calibration apply hall.calibration.json --board",
    "calibrate --board",
    "sensors record evening.lodestone",
    "sensors watch --bus osc:127.0.0.1",
)
"""They want a board that answers."""
REFUSED = {
    "flash": "no board with ssh, or no rsync here",
    "logs": "the same",
    "board report": "the same",
    "board 10.0.0.7": "nobody there",
    "sensors scan": "no I2C bus",
    "sensors check --bus smbus:1": "no I2C bus",
    "sensors watch --bus smbus:1": "no I2C bus",
    "sensors record take.frames": "no I2C bus",
    "calibrate --bus smbus:1": "no I2C bus",
    "calibration apply hall.calibration.json --bus smbus:1": "no I2C bus",
    "calibration apply hall.calibration.json --board": "the living board has other chips than a rehearsal",
    "calibration apply --board": "the same",
    "rest": "the simulated hand plays on",
    "calibration temperature": "four seconds are no evening",
    "calibration undo": "there may be none before it",
    "doctor": "it exits with 1 where something is bad",
    "bench engine": "it wants a checkout",
    "distil": "it wants PyTorch",
    "scene water": "a voice that this instrument has not",
    "scene dawn": "a scene of the player's",
    "build --mapping mine.py:swirl": "the scene that was saved has a knob that this mapping has not",
}
FOLLOWED = ("--mapping mirror", "chip=homemade", "chip=tli493d", "hum.onnx")
"""In commands about what the recipes of the docs make: tests/extending follows those."""
MENTIONED = (
    "Missing argument",
    "Missing option",
    "requires an argument",
    "wanted one of --board, --bus and --simulate, got 0 of them",
)
"""What a verb says that a page only speaks of, without what it wants."""
ALONE = ("lodestone voices", "lodestone voices glass", "lodestone doctor")
"""What a newcomer types next, needs no board, and is no work of minutes for an emulated processor."""
ALONE_S, PATIENCE_S = 8.0, 900.0


@dataclass(frozen=True)
class Outcome:
    """What came of a command."""

    command: str
    ended: str
    wrong: str
    seconds: float


def book(docs: Path) -> list[str]:
    """The commands of all pages, each once."""
    found = [command for page in sorted(docs.glob("*.md")) for command in of_page(page.read_text("utf-8"))]
    return [one for one in dict.fromkeys(found) if not any(made in one for made in FOLLOWED)]


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
    if (status == 1 or ended == "stopped") and "the PortAudio library, got " in said:
        return ""  # a system without sound: told with its remedy, and stopped on its way out where it is slow
    if status in (1, 2) and any(words in " ".join(said.split()) for words in MENTIONED):
        return ""
    ours = any(line.startswith(("lodestone: wanted ", "deploy: ")) for line in said.splitlines())
    allowed = is_one_of(command, tuple(REFUSED)) or (ours and "--board" in command and "calibrate" in command)
    if status in (0, 130) or (status == 1 and allowed):
        return ""
    return said[-600:] or f"exit {status}"


def start(lodestone: str, command: str, folder: Path, said: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Starts a command of the player's; Ctrl-C reaches it alone, even where this script ignores it."""
    return subprocess.Popen(
        [lodestone, *shlex.split(command)[1:]],
        cwd=folder,
        text=True,
        stdin=subprocess.PIPE,
        stdout=said,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def prepare(lodestone: str, docs: Path, folder: Path) -> None:
    """What the commands speak of: files of RAVE models, a mapping and a gesture of the player's own."""

    def quietly(words: str) -> None:
        command = [lodestone, *shlex.split(words)]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    quietly("voices glass --ts MODEL.ts")
    for name in ("big.ts", "model.ts", "water_streaming.ts"):
        shutil.copy(folder / "MODEL.ts", folder / name)
    quietly("export MODEL.ts -o water.onnx")
    shutil.copy(folder / "water.onnx", folder / "glass.onnx")
    (folder / "mine.py").write_text(block(docs / "mapping.md", "A mapping of your own"), encoding="utf-8")
    for name in ("my-gesture.toml", "page.gesture.toml"):
        (folder / name).write_text(block(docs / "gestures.md", "A first gesture"), encoding="utf-8")
    quietly("sensors record evening.lodestone --bus sim:first-sound --seconds 4")
    shutil.copy(folder / "evening.lodestone", folder / "take.frames")
    for name in ("hall", "before", "after"):
        shutil.copy(folder / "lodestone.calibration.json", folder / f"{name}.calibration.json")


def block(page: Path, heading: str) -> str:
    """The first indented code under a heading."""
    text = page.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1]
    code = re.search(r"(?m)(?:^    .*\n(?:\n+(?=    ))?)+", text)
    return textwrap.dedent(code[0] if code else "")


def main(readme: Path, docs: Path, lodestone: str, only_first: bool = False) -> int:
    """Tries all, prints a line for each, and returns how many went wrong.

    Args:
        readme, docs: what is read.
        lodestone: the program.
        only_first: nothing but what a newcomer types first.
    """
    folder, text = Path.cwd(), readme.read_text(encoding="utf-8")
    first = ["lodestone", "lodestone calibrate --simulate", "lodestone build --init"]
    if only_first:
        return _counted([_told(attempt(lodestone, c, folder)) for c in [*first, *ALONE]])
    told = [_told(attempt(lodestone, command, folder)) for command in first]
    prepare(lodestone, docs, folder)
    commands = [*first_sound(text), *(command for row in rows(text) for command in row.commands), *book(docs)]
    commands = [command for command in dict.fromkeys(commands) if command not in first]
    # What it says is read by nobody: a full pipe would stop it.
    board = start(lodestone, "lodestone live instrument.toml --silent", folder, subprocess.DEVNULL)
    try:
        _until_it_answers(lodestone, folder)
        told += [_told(attempt(lodestone, c, folder)) for c in commands if is_one_of(c, BOARD)]
    finally:
        board.send_signal(signal.SIGINT)
        board.communicate(timeout=60)
    for take in folder.glob("evening.take"):
        shutil.copy(take, folder / "page.take")
    told += [_told(attempt(lodestone, c, folder)) for c in commands if not is_one_of(c, BOARD)]
    return _counted(told)


def _counted(told: list[Outcome]) -> int:
    wrong = [outcome.command for outcome in told if outcome.wrong]
    print("\n".join([f"{len(told)} commands, {len(wrong)} wrong", *wrong]))
    return len(wrong)


def _until_it_answers(lodestone: str, folder: Path) -> None:
    """Waits for the board, on a busy machine for some minutes; then the commands say what is wrong."""
    ends = time.monotonic() + PATIENCE_S / 3
    while time.monotonic() < ends and attempt(lodestone, "lodestone status", folder).ended != "exit 0":
        time.sleep(1.0)


def _told(outcome: Outcome) -> Outcome:
    judged = "wrong" if outcome.wrong else "good"
    print(f"{judged:6}{outcome.ended:9}{outcome.seconds:7.1f} s  {outcome.command}", flush=True)
    if outcome.wrong:
        print(textwrap.indent(outcome.wrong.strip(), " " * 6), flush=True)
    return outcome


if __name__ == "__main__":
    sys.exit(min(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], "--first" in sys.argv), 100))
