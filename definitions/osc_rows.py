"""A row of osc.toml: one message and its fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NUMBERS, TEXTS = (int, float), (str,)


@dataclass(frozen=True)
class Field:
    """A named argument.

    Attributes:
        kinds: its OSC type: i, f, s, or "is" where a command takes a number or a text.
        count: how many values it has; 0: all that follow.
        least, most: the range of a number; None: any.
        since: the version that first had it; empty: always.
    """

    name: str
    kinds: str
    count: int = 1
    what: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None
    since: str = ""

    @property
    def open(self) -> bool:
        """Whether it takes all that follows."""
        return self.count == 0

    @property
    def missing(self) -> Any:
        """What stands for it in a message of an older board."""
        one: Any = "" if self.kinds == "s" else 0.0 if self.kinds == "f" else 0
        return one if self.count == 1 else (one,) * self.count

    def fits(self, value: object) -> bool:
        """Whether a value has the type."""
        if "s" in self.kinds and isinstance(value, str):
            return True
        return self.kinds != "s" and isinstance(value, int if self.kinds == "i" else NUMBERS)


@dataclass(frozen=True)
class Message:
    """A message: who sends it to whom, when, what it does, and its fields in their order."""

    address: str
    sender: str
    to: str
    what: str
    when: str
    fields: tuple[Field, ...]

    @property
    def prefix(self) -> str:
        """Of an address that ends in a name: /knob/NAME gives "/knob/"; else empty."""
        return self.address[: -len("NAME")] if self.address.endswith("/NAME") else ""

    @property
    def title(self) -> str:
        """Its name in code: /knob/NAME is Knob, /sim/magnet is SimMagnet."""
        parts = self.address.removesuffix("/NAME").strip("/").replace("_", "/").split("/")
        return "".join(part.capitalize() for part in parts)

    @property
    def fixed(self) -> bool:
        """Whether it always has the same number of arguments."""
        return not any(field.open for field in self.fields)

    @property
    def tags(self) -> str:
        """Type tags of a message of a fixed length; "is" stands as s."""
        return "".join(field.kinds[-1] * field.count for field in self.fields)

    def place(self, name: str) -> int:
        """Index of the first argument of a field. Raises KeyError when there is none."""
        at = 0
        for field in self.fields:
            if field.name == name:
                return at
            at += field.count
        raise KeyError(f"{self.address} has no field {name}")

    def read(self, values: Sequence[Any]) -> dict[str, Any] | None:
        """The fields by name, see `definitions.osc.named`."""
        found: dict[str, Any] = {}
        at = 0
        for field in self.fields:
            taken = tuple(values[at:] if field.open else values[at : at + field.count])
            at += len(taken)
            if not field.open and len(taken) < field.count:
                if not field.since:
                    return None
                found[field.name] = field.missing
            elif not all(field.fits(value) for value in taken):
                return None
            else:
                found[field.name] = taken if field.count != 1 else taken[0]
        return found


@dataclass(frozen=True)
class Knob:
    """A knob whose unit and meaning are known by its name."""

    name: str
    unit: str
    what: str
