"""Plays how other people's drivers use a chip: transcripts of ours, in `ways/`, against the register models.

One transfer a line, in hex: `WRITE : ANSWER` with a repeated start, `WRITE / : ANSWER` with a stop between,
`??` a byte that may be anything, `crc` a CRC-8 over those before it. `WRITE & MASK = VALUE` reads one byte;
`until WRITE & MASK every US for US` polls it; `wait US`; `nak-or WRITE` may go unanswered. `field X Y Z T` in
µT and °C; `chip NAME ADDRESS [drift PER_K]`.
"""

from __future__ import annotations

import re
from pathlib import Path

from firmware import BusNak
from sensors.chips.mlx90393_model import Mlx90393Model
from sensors.chips.tmag5273_model import Tmag5273Model
from sensors.simulation.bus import SimulatedBus, VirtualClock
from tests.chips.still import StillWorld

WAYS = Path(__file__).parent / "ways"
_POLL = re.compile(
    r"until (?P<write>[0-9A-F ]+) & (?P<mask>[0-9A-F]{2}) every (?P<every>\d+) for (?P<within>\d+)"
)
_BITS = re.compile(r"(?P<write>[0-9A-F ]+) & (?P<mask>[0-9A-F]{2}) = (?P<value>[0-9A-F]{2})")


class Player:
    """One chip on a bus of its own, and the transcript that is played to it."""

    def __init__(self, name: str) -> None:
        self.world = StillWorld()
        self.clock = VirtualClock()
        self.lines = [line.split("#")[0].strip() for line in (WAYS / name).read_text().splitlines()]

    def play(self) -> int:
        """Plays it; the count of transfers. Raises AssertionError with the line that went otherwise."""
        for number, line in enumerate(self.lines, start=1):
            if line:
                self._do(line, f"line {number}: {line}")
        return self.bus.transfers

    def _do(self, line: str, where: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "chip":
            self._chip(rest.split())
        elif word == "field":
            x, y, z, self.world.degrees = (float(part) for part in rest.split())
            self.world.field_ut = (x, y, z)
        elif word == "wait":
            self.clock.now_ns += int(rest) * 1000
        elif word == "nak-or":
            try:
                self._transfer(bytes.fromhex(rest), 1)
            except BusNak:
                return
        elif word == "until":
            self._poll(line, where)
        elif bits := _BITS.fullmatch(line):
            got = self._transfer(bytes.fromhex(bits["write"]), 1)[0] & int(bits["mask"], 16)
            assert got == int(bits["value"], 16), f"{where}: got {got:02X}"
        else:
            self._exchange(line, where)

    def _chip(self, words: list[str]) -> None:
        drift = float(words[3]) if len(words) > 2 else 0.0
        address = int(words[1], 16)
        if words[0] == "mlx90393":
            self.chip: Mlx90393Model | Tmag5273Model = Mlx90393Model(
                self.world, 0, address, noise_ut=0.0, tref=0xB668, drift_per_k=drift
            )
        else:
            self.chip = Tmag5273Model(self.world, 0, address, noise_ut=0.0, drift_per_k=drift)
        self.bus = SimulatedBus([self.chip], self.clock)

    def _transfer(self, write: bytes, count: int) -> bytes:
        return self.bus.transfer(self.chip.address, write, count)

    def _poll(self, line: str, where: str) -> None:
        poll = _POLL.fullmatch(line)
        assert poll, where
        end = self.clock.now_ns + int(poll["within"]) * 1000
        while not self._transfer(bytes.fromhex(poll["write"]), 1)[0] & int(poll["mask"], 16):
            self.clock.now_ns += int(poll["every"]) * 1000
            assert self.clock.now_ns <= end, f"{where}: never"

    def _exchange(self, line: str, where: str) -> None:
        left, _, right = line.partition(":")
        write, wanted = bytes.fromhex(left.replace("/", "")), right.split()
        if "/" in left:
            self._transfer(write, 0)
            answer = self._transfer(b"", len(wanted))
        else:
            answer = self._transfer(write, len(wanted))
        for place, byte in enumerate(wanted):
            if byte == "??":
                continue
            expected = crc8(answer[:place]) if byte == "crc" else int(byte, 16)
            assert answer[place] == expected, f"{where}: got {answer.hex(' ')}"


def crc8(data: bytes) -> int:
    """CRC-8 of x⁸ + x² + x + 1 from 0xFF, by long division: 0x07 bit by bit, written anew for the test."""
    bits = int.from_bytes(data, "big") << 8 ^ 0xFF << 8 * len(data)
    for place in range(8 * len(data) + 7, 7, -1):
        if bits >> place & 1:
            bits ^= 0x107 << (place - 8)
    return bits
