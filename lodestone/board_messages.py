"""What a board tells, as typed records: read by the names of definitions/osc.toml."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from pythonosc.osc_message import OscMessage

from definitions.osc import named
from errors import in_one_line

Record = TypeVar("Record", bound="Told")


class Told:
    """A record of one message. A field of it that the board does not know yet is 0 or empty.

    Whoever answers on the link fills it: texts are made one line that every terminal shows, and a number that
    is none counts as not known.
    """

    ADDRESS = ""

    @classmethod
    def parse(cls: type[Record], message: OscMessage) -> Record | None:
        """What a message tells, or None where it is another message."""
        if message.address != cls.ADDRESS:
            return None
        found = named(message.address, message.params)
        if found is None:
            return None
        return cls.from_fields({name: _plain(value) for name, value in found.items()})

    @classmethod
    def from_fields(cls: type[Record], found: dict[str, Any]) -> Record:
        """From fields by name."""
        known = [field.name for field in fields(cls)]  # type: ignore[arg-type]
        return cls(**{name: found[name] for name in known})


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return in_one_line(value)
    return 0.0 if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Status(Told):
    """What `/status` tells; see docs/osc.md."""

    ADDRESS = "/status"

    asked: str
    sounding: str
    scene: int
    scene_name: str
    voice_load: float
    touch_load: float
    underruns: int
    frames_per_second: float
    sensor_flags: tuple[int, ...]
    temperature_c: float
    muted: bool
    uptime_s: float
    version: str
    trouble: str
    rung: int
    rung_why: str
    refused: int
    refusal: str
    resting: int
    prefill: int
    delay_ms: float
    frames_wanted: int
    frame_jitter_us: int
    frame_skew_us: int
    frame_software_us: int
    frames_ahead: int
    bus_hz: int
    touch_ms: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "muted", bool(self.muted))


@dataclass(frozen=True)
class PlanTold(Told):
    """What `/plan` tells of a touch plan on its way, and of the one in force in that scene."""

    ADDRESS = "/plan"

    scene: int
    crc: str
    missing: int
    done: int
    trouble: str
    about: str
    before: int
    after: int
    calibration: str


@dataclass(frozen=True)
class Model(Told):
    """What `/model` tells."""

    ADDRESS = "/model"

    latents: int
    voice: str
    touch: str
    sample_rate: int
    hop: int
    channels: int
    delay_samples: int


@dataclass(frozen=True)
class BoardKnob(Told):
    """What `/knobs` tells of one knob."""

    ADDRESS = "/knobs"

    number: int
    of: int
    name: str
    value: float
    least: float
    most: float
    initial: float
    unit: str

    @classmethod
    def parse(cls, message: OscMessage) -> BoardKnob | None:
        """As for every record; None also where a number is none: it would be turned to 0."""
        numbers = [value for value in message.params if isinstance(value, float)]
        return super().parse(message) if all(map(math.isfinite, numbers)) else None


@dataclass(frozen=True)
class BoardScene(Told):
    """What `/scenes` tells of one scene."""

    ADDRESS = "/scenes"

    number: int
    of: int
    name: str
    plays: int


@dataclass(frozen=True)
class Refusal(Told):
    """What `/error` tells: which command was refused, and why."""

    ADDRESS = "/error"

    address: str
    reason: str
