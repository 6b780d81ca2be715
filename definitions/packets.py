"""Packets as they come from a link: what is damaged, or of a stranger, is none, whatever its bytes."""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pythonosc.osc_message import OscMessage


@cache
def _damaged() -> tuple[type[Exception], ...]:
    """How python-osc says that a packet is damaged.

    It is imported when packets come: headers are made of this folder while a wheel is built, where nothing is
    installed yet.
    """
    from pythonosc import osc_bundle, osc_message, osc_packet
    from pythonosc.parsing import osc_types

    named = (osc_message.ParseError, osc_bundle.ParseError, osc_packet.ParseError, osc_types.ParseError)
    # These it names; text that is no UTF-8, bundles in bundles, odd lengths end in others.
    return (*named, ValueError, IndexError, TypeError, OverflowError, RecursionError, struct.error)


def messages_in(data: bytes) -> list[OscMessage] | None:
    """The messages of a packet, a bundle's in their order; None where it is damaged.

    A list among the values counts as damage: no message of the table has one, and a packet can nest them so
    deep that whoever writes it down runs out of stack.

    Example:
        >>> messages_in(b"/mute\\0\\0\\0,i\\0\\0\\0\\0\\0\\1")[0].params, messages_in(b"/\\xff\\0\\0")
        ([1], None)
    """
    from pythonosc.osc_message import OscMessage
    from pythonosc.osc_packet import OscPacket

    try:
        if data.startswith(b"/"):
            messages = [OscMessage(data)]
        else:
            messages = [timed.message for timed in OscPacket(data).messages]
    except _damaged():
        return None
    lists = any(isinstance(value, list) for message in messages for value in message.params)
    return None if lists else messages
