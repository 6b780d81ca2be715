"""What `lodestone` alone says: what can be done next from where the player is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from errors import LodestoneError
from lodestone import doctor
from lodestone.default_files import CALIBRATION
from lodestone.doctor import CARE, GOOD, Seen

BOARD = (
    ("lodestone status", "how it is"),
    ("lodestone page --board", "play and watch it in a browser"),
    ("lodestone host", "let this computer play what it feels"),
)
NO_BOARD = (
    ("lodestone page --live", "a simulated board in the browser, whose marbles you move"),
    ("lodestone play", "a performance of the simulated board, to out/performance.wav"),
    ("lodestone live", "the same, alive: OSC on its ports, through your speakers"),
)
REHEARSE = ("lodestone calibrate --simulate", "a rehearsal of the two minutes before a gig")
CALIBRATE = "two minutes with tonight's magnets"
BUILD = ("lodestone build --init", "the settings of an instrument of your own, instrument.toml")
FLASH = ("lodestone build", "make the image of instrument.toml, then `lodestone flash`")
LAST = (
    ("lodestone doctor", "all that a gig needs, each with its remedy"),
    ("lodestone --help", "every verb"),
)


def next_steps(folder: Path = Path(), look: Callable[[], Seen] = doctor.board) -> Iterator[str]:
    """Lines to print: what was found first, then commands, each with what it does.

    Args:
        folder: where the calibration and `instrument.toml` lie.
        look: finds the board, as `doctor.board`.
    """
    board, calibrated = look(), _calibration(folder)
    found = not board.said.startswith("none")
    yield f"board        {board.said}"
    yield f"calibration  {calibrated.said}"
    yield ""
    steps = list(BOARD if found else NO_BOARD)
    address = board.said.split()[0]
    if found:
        steps[1] = (f"lodestone page --board {address}", steps[1][1])
    if calibrated.state != GOOD:
        about = "not tonight's: " if " old" in calibrated.said else ""
        step = (f"lodestone calibrate --board {address}", CALIBRATE) if found else REHEARSE
        steps.insert(1 if found else len(steps), (step[0], about + step[1]))
    steps.append(FLASH if (folder / "instrument.toml").is_file() else BUILD)
    steps += LAST
    wide = max(len(command) for command, _ in steps)
    yield from (f"{command:{wide}}  {what}" for command, what in steps)


def _calibration(folder: Path) -> Seen:
    try:
        return doctor.calibration(folder / CALIBRATION, time.time())
    except LodestoneError as error:
        return Seen("calibration", CARE, f"{CALIBRATION}: {error.got}", error.do)
