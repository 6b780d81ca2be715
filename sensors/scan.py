"""Who answers on a bus, and what is wrong, in words."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass
from typing import Any

from definitions.chips import Chip, chips
from firmware import BusNak, BusStuck, BusTimeout
from sensors.array_source import Bus, Clock
from sensors.errors import SensorError

FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x7B


@dataclass(frozen=True)
class Found:
    """One address that answers.

    Attributes:
        chip: the name of one that has a driver, or "unknown".
        identity: a number that differs from chip to chip (TREF of an MLX90393), 0 where chips have none.
    """

    address: int
    chip: str
    identity: int = 0


@dataclass(frozen=True)
class Scan:
    """What a scan found; `remarks` say what is wrong, none when four chips of a kind are there."""

    found: tuple[Found, ...]
    remarks: tuple[str, ...]

    def info(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def scan(bus: Bus, clock: Clock) -> Scan:
    """Asks every address. Chips are asked who they are by reading only.

    Raises:
        SensorError: the bus is stuck, even after a bus clear.
    """
    try:
        found = tuple(_ask_all(bus, clock))
    except BusStuck:
        if not bus.recover():
            _stuck()
        try:
            found = tuple(_ask_all(bus, clock))
        except BusStuck:
            _stuck()
    return Scan(found, tuple(_remarks(found)))


def _stuck() -> None:
    raise SensorError(
        "a free bus",
        "SDA or SCL held low",
        "unplug the sensors one by one: one of them or its cable holds the line",
    )


def _ask_all(bus: Bus, clock: Clock) -> list[Found]:
    found = []
    for address in range(FIRST_ADDRESS, LAST_ADDRESS + 1):
        try:
            bus.transfer(address, b"", 1)
        except (BusNak, BusTimeout):
            continue
        found.append(_identify(bus, clock, address))
    return found


def _identify(bus: Bus, clock: Clock, address: int) -> Found:
    for chip in chips().values():
        if any(low <= address <= high for low, high in chip.who.at):
            with contextlib.suppress(BusNak, BusTimeout):
                identity = _ask(bus, clock, address, chip)
                if identity is not None:
                    return Found(address, chip.name, identity)
    return Found(address, "unknown")


def _ask(bus: Bus, clock: Clock, address: int, chip: Chip) -> int | None:
    """The identity of `chip`, 0 where such chips have none; None when the answer is not that of one."""
    who = chip.who
    if who.first:
        bus.transfer(address, who.first, 1)
        clock.sleep_until_us(clock.now_us() + who.wait_us)
    answer = bus.transfer(address, who.ask, len(who.answer))
    if bytes(byte & mask for byte, mask in zip(answer, who.mask, strict=True)) != who.answer:
        return None
    if not who.identity:
        return 0
    identity = int.from_bytes(bytes(answer[place] for place in who.identity), "big")
    return identity if identity not in (0, 0xFFFF) else None


def _remarks(found: tuple[Found, ...]) -> list[str]:
    remarks = [
        f"0x{entry.address:02X} answers, but not as one of our chips: if it belongs to a sensor, the chip is "
        "broken or of another kind"
        for entry in found
        if entry.chip == "unknown"
    ]
    ours = [entry for entry in found if entry.chip != "unknown"]
    if not ours:
        remarks.append(
            "no sensor answers: check the supply (3.3 V), whether SDA and SCL are swapped, and the pull-ups"
        )
        return remarks
    kinds = {entry.chip for entry in ours}
    if len(kinds) > 1:
        remarks.append("two kinds of chip: name the kind of each sensor in the settings")
    if len(ours) < 4:
        expected = chips()[ours[0].chip].addresses
        missing = [address for address in expected if address not in {entry.address for entry in ours}]
        names = ", ".join(f"0x{address:02X}" for address in missing)
        remarks.append(
            f"{len(ours)} of 4 sensors; nobody at {names}: check its cable and its address; "
            "two chips at one address look like one"
        )
    return remarks
