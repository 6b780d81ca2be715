"""MIDI for a host: learned controls turn knobs and levels, programs choose scenes, a footswitch switches."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from errors import LodestoneError, is_count
from files import plain_file, write_text

FORMAT, VERSION = "lodestone-midi", 1
FOOTSWITCH, VOLUME = 64, 7
SWITCHES = ("mode", "mute", "next", "rest")
"""What a pedal or button does: host and onboard in turn, mute and back, the next scene, a rest."""
PRESSED = 64
_DO = "correct it, or delete the file and learn again"


class MidiError(LodestoneError):
    """No MIDI here, or a file of learned controls that is none."""


@dataclass
class MidiMap:
    """Which control does what: `knob NAME`, `level`, or one of SWITCHES.

    Attributes:
        controls: number of a control to what it does.
    """

    controls: dict[int, str] = field(default_factory=lambda: {VOLUME: "level", FOOTSWITCH: "next"})

    @classmethod
    def load(cls, path: Path) -> MidiMap:
        """What was learned; the usual pedal and volume where there is no such file.

        Raises:
            MidiError: the file is none of ours.
        """
        if not path.exists():
            return cls()
        try:
            data = json.loads(plain_file(path, 1 << 20).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise MidiError(f"learned controls in {path}", str(error)[:80], _DO) from None
        if not isinstance(data, dict) or (data.get("format"), data.get("version")) != (FORMAT, VERSION):
            raise MidiError(f"format {FORMAT}, version {VERSION} in {path}", "another file", _DO)
        controls = data.get("controls")
        if not isinstance(controls, dict):
            raise MidiError(f"controls in {path}", "none", _DO)
        return cls({cls._number(path, key): cls._known(path, what) for key, what in controls.items()})

    @staticmethod
    def _number(path: Path, key: str) -> int:
        if not is_count(key) or int(key) > 127:
            raise MidiError(f"a control from 0 to 127 in {path}", key[:20], _DO)
        return int(key)

    @staticmethod
    def _known(path: Path, what: Any) -> str:
        if not isinstance(what, str) or not (what.startswith("knob ") or what in ("level", *SWITCHES)):
            raise MidiError(f"knob NAME, level, {', '.join(SWITCHES)} in {path}", repr(what)[:40], _DO)
        return what

    def save(self, path: Path) -> None:
        """Writes what was learned. Raises FileError."""
        controls = {str(number): self.controls[number] for number in sorted(self.controls)}
        document = {"format": FORMAT, "version": VERSION, "controls": controls}
        write_text(path, json.dumps(document, indent=1) + "\n")


class MidiDesk:
    """Does what MIDI messages say.

    Messages may be heard on any thread; they are obeyed by `act`, on the host's.

    Args:
        learned: which control does what.
        told: a line for the player.
        keep: is called when something was learned.

    Attributes:
        knobs: least and most of each knob by name, as the board tells them.
        scenes, scene: how many the board has, and which plays.
        host, muted: whether the host was asked for, and whether the board is silent.
    """

    def __init__(
        self,
        learned: MidiMap,
        told: Callable[[str], object] = lambda _: None,
        keep: Callable[[MidiMap], object] = lambda _: None,
    ) -> None:
        self.map, self._told, self._keep = learned, told, keep
        self._send: Callable[..., object] = lambda *_: None
        self._level: Callable[[float], object] = lambda _: None
        self.knobs: Mapping[str, tuple[float, float]] = {}
        self.scenes = self.scene = 0
        self.host = self.muted = False
        self.learning: str | None = None
        self._waiting: deque[Any] = deque(maxlen=1024)
        self._down: set[int] = set()

    def wire(self, send: Callable[..., object], level: Callable[[float], object]) -> None:
        """Where messages to the board go, and what sets the level of all voices, 0 to 1."""
        self._send, self._level = send, level

    def hear(self, message: Any) -> None:
        """A `mido.Message`. Threads: any."""
        self._waiting.append(message)

    def learn(self, what: str) -> None:
        """The next control that is turned will do this."""
        self.learning = what
        self._told(f"turn or press what shall do: {what}")

    def act(self) -> None:
        """Obeys what has been heard; of many turns of one control only the last counts."""
        turned: dict[int, int] = {}
        while self._waiting:
            message = self._waiting.popleft()
            if message.type == "program_change":
                self._send("/scene", int(message.program))
            elif message.type == "control_change":
                if self.map.controls.get(message.control) in SWITCHES or self.learning is not None:
                    self._control(message.control, message.value)
                else:
                    turned[message.control] = message.value
        for control, value in turned.items():
            self._control(control, value)

    def _control(self, control: int, value: int) -> None:
        if self.learning is not None:
            self.map.controls[control] = self.learning
            self._told(f"control {control} now does: {self.learning}")
            self.learning = None
            self._keep(self.map)
        what = self.map.controls.get(control)
        if what is None:
            return
        if what in SWITCHES:
            self._switch(control, what, value)
        elif what == "level":
            self._level(value / 127.0)
        elif (name := what.removeprefix("knob ")) in self.knobs:
            least, most = self.knobs[name]
            self._send(f"/knob/{name}", least + (most - least) * value / 127.0)

    def _switch(self, control: int, what: str, value: int) -> None:
        """A pedal acts when it goes down, once."""
        before = control in self._down
        (self._down.add if value >= PRESSED else self._down.discard)(control)
        if value < PRESSED or before:
            return
        if what == "mode":
            self._send("/mode", "onboard" if self.host else "host")
        elif what == "mute":
            self._send("/mute", int(not self.muted))
        elif what == "rest":
            self._send("/rest")
        elif self.scenes > 0:
            self._send("/scene", (self.scene + 1) % self.scenes)


def choices(knobs: Iterable[str]) -> list[str]:
    """Everything that a control can be taught, in order."""
    return [*(f"knob {name}" for name in knobs), "level", *SWITCHES]


def open_input(wanted: str, hear: Callable[[Any], object]) -> Any:
    """A MIDI input whose messages go to `hear`, on a thread of its own; to be closed.

    Args:
        wanted: a part of its name; the first one where empty.
        hear: takes `mido.Message`s.

    Raises:
        MidiError: no library, no input, or no such one.
    """
    try:
        import mido

        names: Sequence[str] = mido.get_input_names()
    except ImportError as missing:
        do = "run `pip install python-rtmidi` beside Lodestone (`pipx inject lodestone python-rtmidi`)"
        raise MidiError("the Python packages mido and python-rtmidi", str(missing), do) from None
    except Exception as error:  # the driver's own: rtmidi raises a family of its own
        raise MidiError("a MIDI system", str(error)[:120], "check that ALSA's sequencer is there") from None
    found = [name for name in names if wanted.lower() in name.lower()]
    if not found:
        got = f"{', '.join(names) or 'none on this machine'}"
        raise MidiError(f"a MIDI input {wanted}".rstrip(), got, "plug it in, or name another")
    return mido.open_input(found[0], callback=hear)
