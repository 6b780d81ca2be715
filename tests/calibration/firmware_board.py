"""The real firmware in simulation as a board on the network: its packets may be lost, or end."""

from __future__ import annotations

import queue
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sensors.buses.osc_measured import MeasuredSource
from sensors.simulation import BoardServer, QuietOutside, SimulatedBoard
from tests.support.tiny import SIM

LONGEST_WAIT_S = 60.0


@dataclass
class Cable:
    """An `OscLink` to the firmware; it is the board's network as well.

    Attributes:
        lose: every so many packets one is lost; 0 loses none.
        cut_after: so many packets, then silence.
    """

    lose: int = 0
    cut_after: int = 1 << 30
    port: int = 7000
    carried: int = 0
    closed: bool = False
    to_host: queue.Queue[bytes | None] = field(default_factory=lambda: queue.Queue(512))
    to_board: queue.Queue[bytes] = field(default_factory=queue.Queue)

    def send(self, data: bytes) -> None:
        self.to_board.put(data)

    def receive(self) -> bytes | None:
        """None is silence: the cable is cut or the board has ended. A slow machine is waited for."""
        return None if self.carried >= self.cut_after else self.to_host.get(timeout=LONGEST_WAIT_S)

    def close(self) -> None:
        self.closed = True

    def carry(self, data: bytes) -> None:
        """A packet of the board: the firmware waits until there is room for it."""
        self.carried += 1
        if self.lose and self.carried % self.lose == 0:
            return
        while not self.closed and self.carried <= self.cut_after:
            try:
                self.to_host.put(data, timeout=0.05)
            except queue.Full:
                continue
            return


class Room(QuietOutside):
    """Everything around the board: a cable."""

    def __init__(self, cable: Cable) -> None:
        super().__init__()
        self.cable = cable

    def datagram_out(self, now_us: int, data: bytes) -> None:
        self.cable.carry(data)

    def datagram_in(self, now_us: int) -> bytes | None:
        try:
            return self.cable.to_board.get_nowait()
        except queue.Empty:
            return None


@contextmanager
def measured_firmware(
    folder: Path,
    image: Path,
    gesture: str,
    seconds: float,
    *,
    seed: int = 3,
    cable: Cable | None = None,
    board: SimulatedBoard | None = None,
) -> Iterator[MeasuredSource]:
    """A source whose frames come from lodestone-sim over OSC; the run ends with the source."""
    carrier = cable or Cable()
    folder.mkdir(parents=True, exist_ok=True)
    command = [SIM, image, "--bus", f"sim:{folder}/bus", "--seconds", f"{seconds}", "--period", "1024"]
    made = board or SimulatedBoard(gesture, seed=seed)
    with BoardServer(made, folder / "bus", Room(carrier)):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with MeasuredSource(f"osc:{gesture}", "the firmware", carrier) as source:
                yield source
        finally:
            process.terminate()
            process.wait()
