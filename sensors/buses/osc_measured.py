"""Frames of a board over OSC as exact as from its own bus: the board's clock, flags, weights and identities.

`/measure` asks for it, once a second: `/sensor` says which chips these are, and for three seconds each frame
begins with `/frame` (docs/osc.md). What is lost on the way is missing, and shows; so does a frame that others
overtook, for it comes too late to be put between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from definitions.osc import named
from sensors.array_source import Clock
from sensors.board_time import WRAP, passed
from sensors.buses.osc_link import SILENCE_S, OscLink, osc_messages, port_message
from sensors.buses.osc_source import is_reading
from sensors.errors import SensorError
from sensors.frame import SENSORS, Flag, Frame, are_readings, is_temperature
from sensors.machine_clock import MonotonicClock

ASK_US = 1_000_000
PATIENCE_S = 2.0
MOST_PACKETS = 2000
FLASH = "flash this version with ./deploy.sh, or calibrate on the board's own bus"
MEETING_FRAMES = 300
"""For so many frames a chip may be silent before the others are measured without its identity."""


@dataclass(frozen=True)
class _Sensor:
    """What /sensor says of one chip."""

    identity: int
    full_scale_mt: tuple[float, float, float]
    settings: dict[str, Any]


@dataclass(frozen=True)
class _Head:
    """What /frame says of one frame."""

    sequence: int
    time_us: int
    flags: NDArray[np.uint32]
    valid: NDArray[np.float32]
    temperature_c: NDArray[np.float32]


class MeasuredSource:
    """A `FrameSource` for calibration: entering waits until the board has said which chips it has.

    Args:
        spec: how this source was asked for.
        board: what the board is called in messages.
        link: carries the packets; closed on leaving.
        patience_s: a board that is silent for longer ends the frames with a SensorError.

    Attributes:
        bad_packets: that could not be read.
        late_frames: older than one that came before, or come twice: none of them is given.
    """

    def __init__(
        self,
        spec: str,
        board: str,
        link: OscLink,
        *,
        patience_s: float = PATIENCE_S,
        clock: Clock | None = None,
    ) -> None:
        self._spec, self._board, self._link, self._patience_s = spec, board, link, patience_s
        self._clock: Clock = clock or MonotonicClock()
        self._sensors: dict[int, _Sensor] = {}
        self._ask_us = 0
        self._ask_board_us = 0
        self._silent_s, self._packets = 0.0, 0
        self._heard = False
        self._head: _Head | None = None
        self._open = self._late = False
        self._seen: set[int] = set()
        self._field = np.zeros((SENSORS, 3), dtype=np.float32)
        self._counts = np.zeros((SENSORS, 3), dtype=np.int32)
        self.bad_packets = self.late_frames = 0

    @property
    def info(self) -> dict[str, Any]:
        """Spec, nominal rate, and what is known of the chips, as from the board's own bus."""
        known = [self._sensors[number] for number in range(SENSORS)]
        return {
            "spec": self._spec,
            "rate_hz": 200.0,
            "sensors": [sensor.settings for sensor in known],
            "identity": [sensor.identity for sensor in known],
            "full_scale_mt": [list(sensor.full_scale_mt) for sensor in known],
        }

    def __enter__(self) -> MeasuredSource:
        try:
            self._meet()
        except BaseException:
            self._link.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._link.close()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            yield from self._hear()

    @property
    def _known(self) -> bool:
        """Whether every chip has been met: the board says 0 for one that has not answered it yet."""
        return len(self._sensors) == SENSORS and all(chip.identity for chip in self._sensors.values())

    def _meet(self) -> None:
        until_us = self._clock.now_us() + round(self._patience_s * 1e6)
        frames = 0
        while not self._known:
            frames += sum(1 for _ in self._hear())
            if len(self._sensors) == SENSORS:
                if frames >= MEETING_FRAMES:
                    return
            elif self._heard and self._clock.now_us() > until_us:
                got = "packets, but none that tells its sensors"
                raise SensorError(f"a board at {self._board} that can be measured", got, FLASH)

    def _hear(self) -> Iterator[Frame]:
        """The frames that one packet completes; asks the board again when it is time."""
        self._ask()
        data = self._link.receive()
        if data is None:
            self._silent_s += SILENCE_S
            if self._silent_s >= self._patience_s:
                do = "check its cable and that it plays: lodestone status --board " + self._board
                raise SensorError(f"frames of the board at {self._board}", "silence", do)
            return
        self._packets += 1
        if self._packets > MOST_PACKETS:
            late = self._late
            got = "older frames than those before" if late else "packets, but no frame that can be measured"
            do = "it began anew, or two boards answer there: begin again" if late else FLASH
            raise SensorError(f"frames of the board at {self._board}", got, do)
        messages = osc_messages(data)
        if messages is None:
            self.bad_packets += 1
            return
        self._heard = True
        for address, values in messages:
            yield from self._message(address, values)

    def _ask(self) -> None:
        """Once a second, of our clock or of the board's, which may run ahead in simulation."""
        now_us = self._clock.now_us()
        board_us = 0 if self._head is None else self._head.time_us
        if now_us < self._ask_us and board_us < self._ask_board_us:
            return
        pause_us = ASK_US if self._known else ASK_US // 10
        self._ask_us, self._ask_board_us = now_us + pause_us, board_us + pause_us
        self._link.send(port_message("/measure", self._link.port))

    def _message(self, address: str, values: list[Any]) -> Iterator[Frame]:
        head = _head(values) if address == "/frame" else None
        sensor = _sensor(values) if address == "/sensor" else None
        if head is not None:
            if self._head is not None and self._open and self._seen:
                yield self._emit(self._head)
            newer = self._unwrapped(head)
            self._open, self._late, self._seen = newer is not None, newer is None, set()
            self._head = newer or self._head
            self.late_frames += self._late
        elif sensor is not None:
            self._sensors[values[0] - 1] = sensor
        elif address == "/mag" and is_reading(address, values):
            self._counts[values[0] - 1] = values[1:]
        elif address == "/field" and is_reading(address, values) and self._head is not None and self._open:
            self._field[values[0] - 1] = values[1:]
            self._seen.add(values[0] - 1)
            if len(self._seen) == SENSORS:
                yield self._emit(self._head)
                self._open = False  # a field that follows belongs to a frame whose beginning was lost

    def _unwrapped(self, head: dict[str, Any]) -> _Head | None:
        """The board's numbers go on where they wrap; None for a frame that is no newer than the last."""
        sequence, time_us = head["number"], head["time_us"]
        if (last := self._head) is not None:
            frames, pause_us = passed(last.sequence, sequence), passed(last.time_us, time_us)
            if frames is None or pause_us is None:
                return None
            sequence, time_us = last.sequence + frames, last.time_us + pause_us
        return _Head(
            sequence=sequence,
            time_us=time_us,
            flags=np.array(head["flags"], dtype=np.uint32),
            valid=np.array(head["weights"], dtype=np.float32),
            temperature_c=np.array(head["temperature_c"], dtype=np.float32),
        )

    def _emit(self, head: _Head) -> Frame:
        self._silent_s, self._packets = 0.0, 0
        missing = np.array([0 if sensor in self._seen else Flag.LOST for sensor in range(SENSORS)], np.uint32)
        return Frame(
            time_s=head.time_us * 1e-6,
            sequence=head.sequence,
            field_mt=self._field.copy(),
            counts=self._counts.copy(),
            temperature_c=head.temperature_c,
            valid=head.valid,
            flags=head.flags | missing,
        )


def _head(values: list[Any]) -> dict[str, Any] | None:
    """The fields of /frame; None where they are none, or not sane."""
    head = named("/frame", values)
    if head is None or not all(
        0 <= whole < WRAP for whole in (head["number"], head["time_us"], *head["flags"])
    ):
        return None
    weighed = all(0.0 <= weight <= 1.0 for weight in head["weights"])
    return head if weighed and all(map(is_temperature, head["temperature_c"])) else None


def _sensor(values: list[Any]) -> _Sensor | None:
    """What /sensor tells; None where it is not sane."""
    told = named("/sensor", values)
    settings = None if told is None else _settings(told["settings"])
    if told is None or settings is None or not 1 <= told["sensor"] <= SENSORS:
        return None
    if not are_readings(told["full_scale_mt"]):
        return None
    known = {"chip": told["chip"], "address": told["address"], **settings}
    return _Sensor(told["identity"], told["full_scale_mt"], known)


def _settings(words: str) -> dict[str, Any] | None:
    """`gain_sel=3 resolution=2,2,2` as {"gain_sel": 3, "resolution": [2, 2, 2]}; None when it is not that."""
    settings: dict[str, Any] = {}
    for word in words.split():
        key, _, text = word.partition("=")
        try:
            numbers = [int(part) for part in text.split(",")]
        except ValueError:
            return None
        settings[key] = numbers if len(numbers) > 1 else numbers[0]
    return settings
