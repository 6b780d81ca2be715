"""OSC packets as a host sends them, made by python-osc."""

from __future__ import annotations

from pythonosc.osc_message_builder import OscMessageBuilder


def message(address: str, *values: object) -> bytes:
    builder = OscMessageBuilder(address)
    for value in values:
        builder.add_arg(value)  # type: ignore[arg-type]
    return builder.build().dgram
