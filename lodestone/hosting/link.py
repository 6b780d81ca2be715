"""The host's end of the link: says hello and that it lives, hears latents and status, times the packets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import numpy as np
from pythonosc.osc_message import OscMessage

from definitions.osc import named
from definitions.packets import messages_in
from errors import LodestoneError
from lodestone.board import encode
from lodestone.board_messages import BoardKnob, BoardScene, Model, Refusal, Status
from lodestone.hosting.latents import Latents
from sensors.frame import are_readings

HEARTBEAT_S = 0.1
HELLO_S = 1.0
LATE_S = 0.015
"""Three frames without latents are a gap."""
GONE_S = 2.0
MOST_AT_ONCE = 256
"""Packets of one `tick`, forty times what a board says in a block: who sends more does not stop the sound."""
MOST_KNOBS = 256


class BoardLink:
    """A board over UDP, followed from one thread.

    Args:
        address, port: of the board.
        hear: is given every vector of latents.
        clock: seconds.

    Attributes:
        status, model: the latest that the board told.
        packets, gaps: vectors of latents heard; pauses longer than LATE_S between them.
        latest_s: when the last ones came, on `clock`.
        knobs, scenes: the knobs by name, and how many scenes there are, as the board told them.
        hear_field: takes sensor and field [3] mT of every packet, which are asked for where it is set.
        error: the last refusal, "address: reason".
    """

    def __init__(
        self,
        address: str,
        port: int,
        hear: Callable[[Latents], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.to, self._hear, self._clock = (address, port), hear, clock
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("", 0))
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._heartbeat_s = self._hello_s = float("-inf")
        self.status: Status | None = None
        self.model: Model | None = None
        self.packets = self.gaps = 0
        self.latest_s = float("-inf")
        self.error = ""
        self.knobs: dict[str, BoardKnob] = {}
        self.scenes = 0
        self.hear_field: Callable[[int, tuple[float, ...]], object] | None = None

    @property
    def lives(self) -> bool:
        """Whether the board has been heard of late."""
        return self._clock() - self.latest_s < GONE_S

    def send(self, address: str, *values: str | int | float) -> None:
        """One message to the board; a board that is not there is no trouble of ours."""
        try:
            self._socket.sendto(encode(address, *values), self.to)
        except (OSError, LodestoneError):  # or a value that no packet carries: a board may tell odd ranges
            return

    def tick(self) -> None:
        """Says what is due, and hears what has come. Never waits, and ends however much comes."""
        now = self._clock()
        if now - self._heartbeat_s >= HEARTBEAT_S:
            self._heartbeat_s = now
            self.send("/heartbeat")
        if now - self._hello_s >= HELLO_S:
            self._hello_s = now
            self.send("/hello", self.port)
            if self.hear_field is not None:
                self.send("/measure", self.port)
            for question in ("/knobs",) * (not self.knobs) + ("/scenes",) * (not self.scenes):
                self.send(question)
        for _ in range(MOST_AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(2048)
            except OSError:
                return
            if sender[0] == self.to[0]:
                self.take(data)

    def take(self, data: bytes) -> None:
        """One packet of the board."""
        for message in messages_in(data) or []:
            self._take(message)

    def _take(self, message: OscMessage) -> None:
        if message.address == "/latent":
            self._latents(message)
        elif (status := Status.parse(message)) is not None:
            self.status = status
        elif message.address == "/field":
            self._field(message)
        elif (model := Model.parse(message)) is not None:
            self._changed(model)
        elif (knob := BoardKnob.parse(message)) is not None:
            if knob.name in self.knobs or len(self.knobs) < MOST_KNOBS:
                self.knobs[knob.name] = knob
        elif (scene := BoardScene.parse(message)) is not None:
            self.scenes = scene.of
        elif (refusal := Refusal.parse(message)) is not None:
            self.error = f"{refusal.address}: {refusal.reason}"

    def close(self) -> None:
        """Says good-bye."""
        self.send("/bye", self.port)
        self._socket.close()

    def _changed(self, model: Model) -> None:
        """Another touch has other knobs: they are asked for again."""
        if self.model is not None and model.touch != self.model.touch:
            self.knobs = {}
        self.model = model

    def _field(self, message: OscMessage) -> None:
        if self.hear_field is None or (found := named("/field", message.params)) is None:
            return
        field = found["field"]
        if all(isinstance(value, int | float) for value in (found["sensor"], *field)) and are_readings(field):
            self.hear_field(int(found["sensor"]), tuple(map(float, field)))

    def _latents(self, message: OscMessage) -> None:
        if not all(isinstance(value, int | float) for value in message.params):
            return
        now = self._clock()
        if self.packets and now - self.latest_s > LATE_S:
            self.gaps += 1
        self.packets += 1
        self.latest_s = now
        with np.errstate(over="ignore"):  # what hears them leaves out what is no number
            values = np.array(message.params, np.float32)
        self._hear(values)
