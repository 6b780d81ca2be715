"""The board's OSC codec against python-osc and byte tables, both ways."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from firmware._firmware import osc_decode, osc_encode

# Written by hand from the OSC 1.0 specification.
BYTES = [
    (("/rest", "", []), b"/rest\0\0\0,\0\0\0"),
    (("/mute", "i", [1]), b"/mute\0\0\0,i\0\0\0\0\0\1"),
    (("/mag", "iiii", [1, -2, 3, 256]), b"/mag\0\0\0\0,iiii\0\0\0\0\0\0\1\xff\xff\xff\xfe\0\0\0\3\0\0\1\0"),
    (("/mode", "s", ["host"]), b"/mode\0\0\0,s\0\0host\0\0\0\0"),
    (("/knob/reach", "f", [0.5]), b"/knob/reach\0,f\0\0\x3f\0\0\0"),
    (("/b", "b", [b"\1\2\3"]), b"/b\0\0,b\0\0\0\0\0\3\1\2\3\0"),
    (("/t", "TFNI", []), b"/t\0\0,TFNI\0\0\0"),
    (("/w", "hdt", [-1, 1.0, 2]), b"/w\0\0,hdt\0\0\0\0" + b"\xff" * 8 + struct.pack(">dQ", 1.0, 2)),
]


@pytest.mark.parametrize(("message", "packet"), BYTES)
def test_bytes_are_those_of_the_specification(message: tuple[str, str, list[Any]], packet: bytes) -> None:
    assert osc_encode(message) == packet
    [(_, address, tags, _)] = osc_decode(packet)
    assert (address, tags) == message[:2]


texts = st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=20)
VALUES = {
    "i": st.integers(-(2**31), 2**31 - 1),
    "f": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "s": texts,
    "b": st.binary(min_size=1, max_size=20),
    "h": st.integers(-(2**63), 2**63 - 1),
    "d": st.floats(allow_nan=False, allow_infinity=False),
    "T": st.just(True),
    "F": st.just(False),
    "N": st.just(None),
}


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, list[tuple[str, Any]]]:
    address = "/" + draw(st.text("abcXYZ019_/", min_size=1, max_size=20))
    tags = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=12))
    return address, [(tag, draw(VALUES[tag])) for tag in tags]


def theirs(message: tuple[str, list[tuple[str, Any]]]) -> OscMessage:
    builder = OscMessageBuilder(message[0])
    for tag, value in message[1]:
        builder.add_arg(value, tag)
    return builder.build()


def ours(message: tuple[str, list[tuple[str, Any]]]) -> tuple[str, str, list[Any]]:
    tags = "".join(tag for tag, _ in message[1])
    return message[0], tags, [value for tag, value in message[1] if tag not in "TFN"]


@given(messages())
def test_messages_agree_with_python_osc_both_ways(message: tuple[str, list[tuple[str, Any]]]) -> None:
    packet = theirs(message).dgram
    assert osc_encode(ours(message)) == packet
    [(time_tag, address, tags, values)] = osc_decode(packet)
    assert (time_tag, address, tags) == (1, message[0], ours(message)[1])
    assert values == [value for _, value in message[1]]


trees = st.recursive(messages(), lambda inner: st.lists(inner, max_size=3), max_leaves=8).filter(
    lambda t: isinstance(t, list)
)


def depth(tree: Any) -> int:
    return 1 + max((depth(t) for t in tree), default=0) if isinstance(tree, list) else 0


def bundle(tree: Any) -> OscBundle:
    builder = OscBundleBuilder(IMMEDIATELY)
    for element in tree:
        builder.add_content(bundle(element) if isinstance(element, list) else theirs(element))
    return builder.build()


def element(tree: Any) -> Any:
    return (1, [element(t) for t in tree]) if isinstance(tree, list) else ours(tree)


def leaves(tree: Any) -> list[tuple[str, list[tuple[str, Any]]]]:
    return [m for t in tree for m in leaves(t)] if isinstance(tree, list) else [tree]


@given(trees.filter(lambda t: depth(t) <= 8))
def test_nested_bundles_agree_with_python_osc(tree: Any) -> None:
    packet = bundle(tree).dgram
    assert osc_encode(element(tree), 65536) == packet
    read = osc_decode(packet)
    assert [(a, v) for _, a, _, v in read] == [(a, [v for _, v in values]) for a, values in leaves(tree)]


def test_every_message_of_a_bundle_is_delivered() -> None:
    packet = osc_encode((7, [("/a", "", []), (9, [("/b", "i", [1])]), ("/c", "", [])]))
    assert [(t, a) for t, a, _, _ in osc_decode(packet)] == [(7, "/a"), (9, "/b"), (7, "/c")]


def test_depth_is_bounded() -> None:
    def nest(levels: int) -> Any:
        return ("/x", "", []) if levels == 0 else (1, [nest(levels - 1)])

    assert len(osc_decode(osc_encode(nest(8)))) == 1
    with pytest.raises(ValueError, match="OSC"):
        osc_encode(nest(9))
    deep = osc_encode(nest(8))
    with pytest.raises(ValueError, match="malformed"):
        osc_decode(b"#bundle\0" + (1).to_bytes(8, "big") + len(deep).to_bytes(4, "big") + deep)


MALFORMED = {
    "empty": b"",
    "not a multiple of four": b"/a\0",
    "no zero": b"/abc",
    "no slash": b"abc\0,\0\0\0",
    "padding is not zero": b"/a\0x,\0\0\0",
    "no comma": b"/a\0\0i\0\0\0\0\0\0\1",
    "argument missing": b"/a\0\0,i\0\0",
    "text without end": b"/a\0\0,s\0\0abcd",
    "blob too long": b"/a\0\0,b\0\0\0\0\0\x09\0\0\0\0",
    "blob of 4 GiB": b"/a\0\0,b\0\0\xff\xff\xff\xff",
    "unknown tag": b"/a\0\0,x\0\0\0\0\0\0",
    "bytes left over": b"/a\0\0,\0\0\0\0\0\0\0",
    "bundle without time": b"#bundle\0",
    "element too long": b"#bundle\0" + b"\0" * 8 + b"\0\0\0\x10/a\0\0,\0\0\0",
    "element of no length": b"#bundle\0" + b"\0" * 8 + b"\0\0\0\0",
    "element of odd length": b"#bundle\0" + b"\0" * 8 + b"\0\0\0\5/a\0\0,\0\0\0",
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_malformed_packets_are_refused_whole(name: str) -> None:
    with pytest.raises(ValueError, match="malformed"):
        osc_decode(MALFORMED[name])


def test_a_good_message_beside_a_bad_one_is_not_delivered() -> None:
    good = osc_encode(("/mute", "i", [1]))
    bad = b"/a\0x,\0\0\0"
    packet = b"#bundle\0" + (1).to_bytes(8, "big")
    for part in (good, bad):
        packet += len(part).to_bytes(4, "big") + part
    with pytest.raises(ValueError, match="malformed"):
        osc_decode(packet)


@pytest.mark.parametrize("capacity", range(28))
def test_what_does_not_fit_is_refused(capacity: int) -> None:
    with pytest.raises(ValueError, match="fits"):
        osc_encode((1, [("/a", "i", [1])]), capacity)


def test_values_that_do_not_follow_the_tags_are_refused() -> None:
    with pytest.raises(ValueError, match="tags"):
        osc_encode(("/a", "ii", [1]))


@given(st.binary(max_size=200))
def test_random_bytes_never_break_the_reader(packet: bytes) -> None:
    try:
        for _, address, _, _ in osc_decode(packet):
            assert address.startswith("/")
    except ValueError:
        pass
