"""A board that only speaks: answers on UDP as the firmware does, streams touches, keeps what it was told."""

from __future__ import annotations

import math
import socket
import threading
import time
from types import TracebackType
from typing import Any

from pythonosc.osc_message import OscMessage, ParseError
from pythonosc.osc_message_builder import OscMessageBuilder

from definitions import osc

FRAME_S = 0.005
SCENES = ("evening", "morning")


def packet(address: str, *values: Any) -> bytes:
    """One message."""
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)
    return builder.build().dgram


def by_name(address: str, **given: Any) -> bytes:
    """A message of the table; fields that are not given are 0 or empty."""
    values: list[Any] = []
    sender = "simulation" if address.startswith("/sim/") else "board"
    for field in osc.message(address, sender).fields:
        value = given.get(field.name, field.missing)
        values += list(value) if isinstance(value, (list, tuple)) else [value]
    return packet(address, *values)


class SpokenBoard:
    """Use as a context manager; `port` is where it listens.

    Attributes:
        heard: address and arguments of every command, /hello and /heartbeat left out.
        quiet: it answers nothing.
        old: its /status ends after four values, as that of another protocol might.
        world: it is a simulated one, with one marble of 20 mm at `marble`.
    """

    def __init__(self) -> None:
        self.heard: list[tuple[str, list[Any]]] = []
        self.quiet = self.old = False
        self.world, self.marble = False, (-30.0, 40.0)
        self.mode, self.scene = "onboard", 0
        self._guests: dict[tuple[str, int], None] = {}
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(FRAME_S)
        self.port: int = self._socket.getsockname()[1]
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)

    def __enter__(self) -> SpokenBoard:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        self._thread.join()
        self._socket.close()

    def _live(self) -> None:
        frame, due = 0, time.monotonic()
        while not self._ends.is_set():
            self._read()
            while time.monotonic() >= due:
                due += FRAME_S
                frame += 1
                self._tell(packet("/touch", *(0.9 * math.sin(frame / 40 + k) for k in range(12))))
                self._tell(packet("/latent", *(math.cos(frame / 60 + k) for k in range(8))))
                if frame % 200 == 0:
                    self._status()
                if self.world and frame % 8 == 0:
                    place = {"number": 1, "x": self.marble[0], "y": self.marble[1], "diameter": 20.0}
                    self._tell(by_name("/sim/place", **place, pole=(0.0, 0.0, 1.0)))

    def _read(self) -> None:
        try:
            data, (host, _) = self._socket.recvfrom(2048)
            message = OscMessage(data)
        except (TimeoutError, ConnectionError, ParseError):
            return
        address, values = message.address, list(message.params)
        if address == "/hello":
            if (host, values[0]) not in self._guests:
                self._guests[(host, values[0])] = None
                self._greet()
            return
        if address == "/bye":
            self._guests.pop((host, values[0]), None)
        self.heard.append((address, values))
        if address == "/sim/magnet":
            self.marble = (values[1], values[2])
        if address == "/mode":
            self.mode = values[0]
            self._status()
        if address == "/scene":
            self.scene = SCENES.index(values[0])
            self._status()
        if address == "/scenes":
            for number, name in enumerate(SCENES):
                self._tell(by_name("/scenes", number=number, of=len(SCENES), name=name))
        if address == "/knobs":
            knob = {"number": 0, "of": 1, "name": "warp", "value": 0.25, "least": 0.0, "most": 4.0}
            self._tell(by_name("/knobs", **knob, initial=1.0, unit="mT"))

    def _greet(self) -> None:
        self._tell(by_name("/model", latents=8, voice="mine", touch="rotate-0", sample_rate=44100, hop=512))
        self._status()

    def _status(self) -> None:
        told = {"asked": self.mode, "sounding": self.mode, "scene": self.scene, "version": "0.2"}
        if self.old:
            self._tell(packet("/status", self.mode, self.mode, self.scene, 7))
            return
        self._tell(by_name("/status", **told, scene_name=SCENES[self.scene], frames_per_second=200.0))

    def _tell(self, data: bytes) -> None:
        if not self.quiet:
            for guest in self._guests:
                self._socket.sendto(data, guest)
