"""What the board and the host said to each other, with the time of every message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from definitions.packets import messages_in
from files import fresh_file


@dataclass(frozen=True)
class Heard:
    """One OSC message: `direction` is "out" from the board or "in" to it; `time_s` on the board's clock."""

    time_s: float
    direction: str
    address: str
    arguments: tuple[object, ...]


def decode(time_us: int, direction: str, packet: bytes) -> Iterator[Heard]:
    """The messages of one datagram, bundles opened; one `(malformed)` message where it cannot be read."""
    messages = messages_in(packet)
    if messages is None:
        yield Heard(time_us / 1e6, direction, "(malformed)", (packet.hex(),))
        return
    for message in messages:
        yield Heard(time_us / 1e6, direction, message.address, tuple(message.params))


def write(path: Path, messages: list[Heard]) -> None:
    """One line a message: seconds, direction, address, arguments."""
    with fresh_file(path) as fresh, fresh.open("w", encoding="utf-8") as file:
        for m in messages:
            arguments = " ".join(f"{a:.6g}" if isinstance(a, float) else str(a) for a in m.arguments)
            file.write(f"{m.time_s:10.4f} {m.direction:3} {m.address} {arguments}\n")


def series(messages: list[Heard], address: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Times [N] in seconds and numeric arguments [N, A] of every outgoing message to `address`."""
    chosen = [m for m in messages if m.direction == "out" and m.address == address]
    rows = [[float(a) for a in m.arguments if isinstance(a, (int, float))] for m in chosen]
    width = max((len(row) for row in rows), default=0)
    whole = [(m.time_s, row) for m, row in zip(chosen, rows, strict=True) if len(row) == width]
    times = np.array([time for time, _ in whole], dtype=np.float64)
    return times, np.array([row for _, row in whole], dtype=np.float64).reshape(len(whole), width)
