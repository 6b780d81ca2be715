"""The table of OSC messages, and what is made from it: header, handlers, reader, page, JSON."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import fields, replace

import pytest

from definitions import osc, osc_docs, osc_header
from lodestone.board_messages import BoardKnob, BoardScene, Model, Refusal, Status, Told
from lodestone.image import ROOT
from mapping.families.rings import RADIUS

ROWS = {f"{row.address} from the {row.sender}": row for row in osc.messages()}
PAGE = (ROOT / "docs" / "osc.md").read_text(encoding="utf-8")
HANDLERS = (ROOT / "firmware" / "instrument" / "instrument_commands.cpp").read_text(encoding="utf-8")


def test_the_page_is_made_from_the_table() -> None:
    assert osc.docs(PAGE) == PAGE, "run `python -m definitions docs`"


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_is_taken_out_is_missed(name: str) -> None:
    """By the page, by the header, and where it is a command by its handler, which overrides nothing."""
    rest = [row for row in osc.messages() if row is not ROWS[name]]
    if not {"simulation", "teaching"} & {ROWS[name].sender, ROWS[name].to}:
        assert osc_header.text(rest, osc.knobs()) != osc.header()
    assert osc_docs.renew(PAGE, rest, osc.knobs()) != PAGE
    assert osc_docs.tree(rest, osc.knobs()) != osc.describe()


def test_every_command_has_a_handler_and_every_handler_a_row() -> None:
    handlers = set(re.findall(r"^bool Instrument::On(\w+)\(", HANDLERS, re.MULTILINE))
    assert handlers == {row.title for row in osc.commands()}


def test_the_header_is_the_one_that_was_built() -> None:
    assert (ROOT / "firmware" / "generated" / "osc.h").read_text(encoding="utf-8") == osc.header()


def _example(kinds: str, count: int) -> list[object]:
    return [{"i": 3, "f": 0.5, "s": "text"}[kinds]] * count


def test_messages_are_read_by_name() -> None:
    status = ["onboard", "host", 2, "three", 0.5, 0.1, 7, 199.5, 0, 1, 2, 4, 21.5, 1, 60.0, "0.1.0", "none"]
    old = osc.named("/status", status)
    assert old is not None
    assert (old["sounding"], old["sensor_flags"], old["trouble"]) == ("host", (0, 1, 2, 4), "none")
    assert (old["rung"], old["refusal"]) == (0, "")  # a board that does not tell them yet
    row = osc.message("/status")
    later = [value for field in row.fields if field.since for value in _example(field.kinds, field.count)]
    newer = osc.named("/status", [*status, *later, "of a version to come", 4.0])
    assert newer is not None
    assert (newer["rung_why"], newer["refused"], newer["troubles"]) == ("text", 3, 3)
    assert osc.named("/status", status[:16]) is None  # shorter than any version
    assert osc.named("/status", [0, *status[1:]]) is None
    assert osc.named("/nothing", []) is None
    assert osc.named("/latent", [0.5, 1.0, -2.0]) == {"latent": (0.5, 1.0, -2.0)}


@pytest.mark.parametrize("record", [Status, Model, BoardKnob, BoardScene, Refusal])
def test_records_ask_only_for_what_there_is(record: type[Told]) -> None:
    known = {field.name for field in osc.message(record.ADDRESS).fields}
    assert {field.name for field in fields(record)} <= known  # type: ignore[arg-type]


def test_addresses_find_their_command() -> None:
    knob = osc.command("/knob/reach")
    assert knob is not None
    assert knob.address == "/knob/NAME"
    assert osc.command("/status") is None
    assert osc.command("/nonsense") is None


def test_units_of_knobs_are_those_of_the_graphs() -> None:
    units = {knob.name: knob.unit for knob in osc.knobs()}
    assert units["radius"] == RADIUS.unit


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"address": "mode"}, "wanted an address"),
        ({"from": "nobody"}, "wanted from and to"),
        ({"fields": [{"name": "a", "type": "q"}]}, "wanted type i, f, s or is"),
        ({"fields": [{"name": "a", "type": "f", "count": 0}]}, "wanted a count"),
        ({"fields": [{"name": "a", "type": "f", "count": 3}]}, "of one value each"),
        ({"fields": [{"name": "a", "type": "f"}] * 2}, "different names"),
    ],
)
def test_rows_that_are_not_well_said_are_refused(change: dict[str, object], wanted: str) -> None:
    row = {"address": "/mode", "from": "host", "what": "", "fields": [], **change}
    with pytest.raises(ValueError, match=wanted):
        osc.parse(row)


def test_the_same_json_comes_from_both_commands() -> None:
    told = [
        subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, check=True).stdout
        for words in (("lodestone", "osc", "--describe"), ("definitions", "json", "osc"))
    ]
    assert told[0] == told[1]
    tree = json.loads(told[0])
    mode = tree["CONTENTS"]["mode"]
    assert (mode["TYPE"], mode["ACCESS"]) == ("s", 2)
    assert mode["RANGE"] == [{"VALS": ["onboard", "host", "both"]}]
    assert tree["CONTENTS"]["knob"]["CONTENTS"]["NAME"]["FULL_PATH"] == "/knob/NAME"
    assert tree["CONTENTS"]["knobs"]["ACCESS"] == 3  # asked, and answered


def test_a_new_command_is_one_row_and_one_handler() -> None:
    row = replace(osc.message("/mute", "host"), address="/solo")
    made = osc_header.text([*osc.messages(), row], osc.knobs())
    assert "virtual bool OnSolo(int32_t mute, Refusal* refusal) = 0;" in made
    assert '{"/solo", false, 1, kSoloFields,' in made
