"""Who answers on a bus, and what is wrong, in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from firmware import BusNak, BusStuck, BusTimeout
from sensors.array_source import Bus, Clock
from sensors.errors import SensorError
from sensors.settings import ADDRESSES

FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x7B
_MLX_FAMILIES = (range(0x0C, 0x10), range(0x18, 0x1C))
_TMAG_ADDRESSES = frozenset(ADDRESSES["tmag5273"])


@dataclass(frozen=True)
class Found:
    """One address that answers.

    Attributes:
        chip: "mlx90393", "tmag5273", or "unknown".
        identity: TREF of an MLX90393, else 0.
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
    try:
        if any(address in family for family in _MLX_FAMILIES):
            bus.transfer(address, b"\x80", 1)  # leave burst mode, where registers cannot be read
            clock.sleep_until_us(clock.now_us() + 1000)
            status, high, low = bus.transfer(address, b"\x50\x90", 3)
            tref = high << 8 | low
            if not status & 0x10 and tref not in (0, 0xFFFF):
                return Found(address, "mlx90393", tref)
        elif address in _TMAG_ADDRESSES and bus.transfer(address, b"\x0e", 2) == b"\x49\x54":
            return Found(address, "tmag5273")
    except (BusNak, BusTimeout):
        pass
    return Found(address, "unknown")


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
        expected = ADDRESSES[ours[0].chip]
        missing = [address for address in expected if address not in {entry.address for entry in ours}]
        names = ", ".join(f"0x{address:02X}" for address in missing)
        remarks.append(
            f"{len(ours)} of 4 sensors; nobody at {names}: check its cable and its address; "
            "two chips at one address look like one"
        )
    return remarks
