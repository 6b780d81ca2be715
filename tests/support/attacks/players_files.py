"""Files that players write by hand, mutated: settings, board.conf, gestures.

Every one must be taken, or refused with one of Lodestone's own errors; anything else is a traceback.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from importlib import resources

import firmware
from errors import LodestoneError
from lodestone.image import board_conf
from lodestone.settings import Settings, default_toml, parse_settings
from sensors.simulation.gesture import parse_gesture

VALUES = (
    *["nan", "inf", "-inf", "1e400", "-1", "0", "true", "[]", "[[]]", "{}", "1979-05-27", "null", "'é'"],
    *('""', '"\\n"', '"\\u0000"', '"10.0.0.1:99999"', '"' + "x" * 300 + '"'),
    *("1" + "0" * 30, "1" + "0" * 5000, "[" * 3000 + "]" * 3000),
)
"""What stands in the place of a value."""


def mutated(text: str, dice: random.Random) -> str:
    """`text` with one to four of its values, lines or letters changed."""
    for _ in range(dice.randint(1, 4)):
        deed = dice.randrange(6)
        lines = text.split("\n")
        where = dice.randrange(len(lines))
        if deed == 0:
            value = dice.choice(VALUES)
            lines[where] = re.sub(r"([=:]\s*)\S+", lambda m, v=value: m[1] + v, lines[where], count=1)
        elif deed == 1:
            lines.insert(where, dice.choice(lines))
        elif deed == 2:
            del lines[where]
        elif deed == 3:
            lines[where] = lines[where][: dice.randrange(len(lines[where]) + 1)]
        text = "\n".join(lines)
        if deed >= 4 and text:
            at = dice.randrange(len(text))
            text = text[:at] + dice.choice('\0\n\t#="[]{}é9-.x') + text[at + dice.randint(0, 3) :]
    return text


def settings(dice: random.Random) -> str:
    """One instrument.toml; what is taken must be taken by the firmware, too."""
    try:
        taken = parse_settings(mutated(default_toml(), dice))
    except LodestoneError as error:
        return "refused" if "\n" not in str(error) else "refusals of several lines"
    trouble, _ = firmware.read_board_conf(board_conf([s.name for s in taken.scenes] or ["a"], taken))
    return "silent changes" if trouble else "taken"


def conf(dice: random.Random) -> str:
    """One board.conf, as somebody edits it on the board."""
    trouble, _ = firmware.read_board_conf(mutated(board_conf(["one", "two"], Settings()), dice))
    return "refused" if trouble else "taken"


def gesture(dice: random.Random) -> str:
    """One gesture file."""
    plain = (resources.files("sensors") / "gestures" / "first-sound.toml").read_text("utf-8")
    try:
        parse_gesture(mutated(plain, dice), "mutated")
    except LodestoneError:
        return "refused"
    return "taken"


CASES: dict[str, Callable[[random.Random], str]] = {"settings": settings, "conf": conf, "gesture": gesture}
