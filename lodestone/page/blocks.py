"""Blocks of packets, as page and instrument exchange them (firmware/browser/page_wire.h, page/osc.js).

The length of each packet in two bytes, the higher first, then the packet; packet after packet.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def block_of(packets: Iterable[bytes]) -> bytes:
    """One block of these packets, each shorter than 64 kB."""
    return b"".join(len(packet).to_bytes(2, "big") + packet for packet in packets)


def packets_of(block: bytes) -> Iterator[bytes]:
    """The packets of a block; a length that goes beyond the end ends it."""
    at = 0
    while at + 2 <= len(block):
        length = int.from_bytes(block[at : at + 2], "big")
        if at + 2 + length > len(block):
            return
        yield block[at + 2 : at + 2 + length]
        at += 2 + length
