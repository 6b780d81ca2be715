"""Everything that a gig needs, looked at in a few seconds: each line with what to do about it."""

from __future__ import annotations

import importlib.metadata
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from errors import LodestoneError
from lodestone.default_files import CALIBRATION

PORTS = (7563, 7564)
LEAST_DISK_BYTES = 500_000_000
TONIGHT_H = 12.0
"""A calibration older than this is not tonight's: rooms and magnets change."""
CLOCKS_APART_H = 1.0
"""Clocks of two machines may differ by so much; one further ahead, or this one behind, is wrong."""
GOOD, CARE, BAD = "good", "care", "bad"


@dataclass(frozen=True)
class Seen:
    """One thing that a gig needs.

    Attributes:
        what: its name.
        state: "good"; "care": it can be played, but know this; "bad": it cannot, as it is.
        said: what was found.
        do: what to do about it; empty where it is good.
    """

    what: str
    state: str
    said: str
    do: str = ""

    def as_dict(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def examine(folder: Path = Path(), addresses: tuple[str, ...] = ()) -> Iterator[Seen]:
    """Looks at one thing after another; none of them changes anything, none takes more than two seconds.

    Args:
        folder: where the calibration and `instrument.toml` lie.
        addresses: of the board; else the usual ones and the link are asked.
    """
    checks: dict[str, Callable[[], Seen]] = {
        "sound card": sound_card,
        "OSC ports": ports,
        "board": lambda: board(addresses),
        "calibration": lambda: calibration(folder / CALIBRATION, time.time()),
        "voices": voices,
        "disk": lambda: disk(folder),
        "clock": lambda: clock(time.time()),
        "Pure Data": pure_data,
    }
    for what, check in checks.items():
        try:
            yield check()
        except LodestoneError as error:
            yield Seen(what, BAD, f"wanted {error.wanted}, got {error.got}", error.do)


def sound_card() -> Seen:
    """Whether there is an output to play on."""
    from lodestone.speaker import SpeakerError, devices

    try:
        found = devices()
    except SpeakerError as error:
        return Seen("sound card", CARE, error.got, error.do)
    if not found:
        return Seen("sound card", CARE, "no output", "plug one in; boards play without it, hosts need it")
    return Seen("sound card", GOOD, f"{len(found)} outputs, the first is{found[0][3:].split(',')[0]}")


def ports() -> Seen:
    """Whether the OSC ports are free for `lodestone live` and patches."""
    from lodestone.live.instrument import owner

    taken = []
    for port in PORTS:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", port))
            except OSError:
                taken.append(f"{port} is taken by {owner(port) or 'another program'}")
    if taken:
        do = "fine if that is your patch or `lodestone live`; else close it"
        return Seen("OSC ports", CARE, ", ".join(taken), do)
    return Seen("OSC ports", GOOD, f"{' and '.join(map(str, PORTS))} are free")


def board(addresses: tuple[str, ...] = ()) -> Seen:
    """Whether a board answers, plays this version, and has no trouble."""
    from lodestone.board import HERE, find

    found = find(addresses)
    if not found:
        do = "check the cable and the power; without a board: `lodestone live`, or `lodestone page --live`"
        return Seen("board", CARE, "none answers on the link", do)
    own = importlib.metadata.version("lodestone")
    address, status = min(found.items(), key=lambda each: (each[0] == HERE, each[0]))
    said = f"{address} plays {status.scene_name}, {status.sounding}, firmware {status.version}"
    if status.trouble:
        return Seen("board", BAD, f"{said}: {status.trouble}", "see `lodestone status`")
    if any(status.sensor_flags):
        return Seen("board", BAD, f"{said}, a sensor is not well", "see `lodestone status`")
    if status.version != own:
        return Seen("board", CARE, f"{said}; this is {own}", "`lodestone build` and `lodestone flash`")
    return Seen("board", GOOD, said)


def calibration(path: Path, now: float) -> Seen:
    """Whether there is a calibration, whether it is tonight's, and what its verdict is."""
    from calibration import load
    from calibration.assemble import verdict_of
    from calibration.file import MAKE_ONE
    from calibration.judging.verdict import READY, STOP
    from calibration.when import made_at

    if not path.exists():
        return Seen("calibration", CARE, f"none at {path}", MAKE_ONE)
    known = load(path)
    made = made_at(known.created)
    if made is None:
        got = f"made at {known.created[:40]!r}"
        return Seen("calibration", CARE, got, f"{MAKE_ONE}: its age cannot be told")
    hours = (now - made.timestamp()) / 3600.0
    judged = verdict_of(known)
    if judged is None:
        return Seen("calibration", CARE, "one without a verdict", MAKE_ONE)
    _, verdict = judged
    said = f"{made.astimezone().strftime('%d %b %H:%M')}, {verdict.level}"
    if verdict.level != READY:
        return Seen("calibration", BAD if verdict.level == STOP else CARE, said, verdict.words)
    if hours < -CLOCKS_APART_H:
        do = "set the clock; where that is right, calibrate again"
        return Seen("calibration", CARE, f"{said}, which is not yet: its age cannot be told", do)
    if hours > TONIGHT_H:
        return Seen("calibration", CARE, f"{said}, {hours / 24:.0f} days old", MAKE_ONE)
    return Seen("calibration", GOOD, said)


def voices() -> Seen:
    """Whether every voice that ships can be read."""
    from voices import catalogue

    found = catalogue.shipped()
    missing = [voice.name for voice in found if not voice.path.is_file()]
    if missing or not found:
        return Seen("voices", BAD, f"missing: {', '.join(missing) or 'all'}", "install Lodestone again")
    return Seen("voices", GOOD, ", ".join(voice.name for voice in found))


def disk(folder: Path) -> Seen:
    """Room for recordings, images and takes."""
    free = shutil.disk_usage(folder if folder.is_dir() else Path()).free
    said = f"{free / 1e9:.1f} GB free"
    if free < LEAST_DISK_BYTES:
        return Seen("disk", BAD, said, "free half a gigabyte: takes and images need it")
    return Seen("disk", GOOD, said)


def clock(now: float) -> Seen:
    """A clock that is wrong makes a board's build believe that nothing has changed."""
    made = datetime.fromtimestamp(
        max((p.stat().st_mtime for p in Path(__file__).parent.glob("*.py")), default=0.0)
    )
    said = datetime.fromtimestamp(now).strftime("%d %b %Y %H:%M")
    if now < made.timestamp():
        return Seen("clock", BAD, f"{said}, before this program was made", "set the clock")
    return Seen("clock", GOOD, said)


def pure_data() -> Seen:
    """Pure Data, and nn~ where it looks for externals."""
    program = shutil.which("pd") or shutil.which("puredata")
    if program is None:
        return Seen("Pure Data", CARE, "not found", "only patches need it: `apt install puredata`")
    places = [
        Path.home() / "Documents/Pd/externals",
        Path.home() / ".local/lib/pd/extra",
        Path("/usr/lib/pd/extra"),
    ]
    there = [path for place in places if place.is_dir() for path in place.glob("**/nn~*")]
    if not there:
        return Seen("Pure Data", GOOD, f"{program}, without nn~ (`lodestone host` plays every voice as well)")
    return Seen("Pure Data", GOOD, f"{program}, nn~ in {there[0].parent}")
