"""Figures in README and ARCHITECTURE are those of the definitions, the settings and the voices."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from definitions.chips import names
from definitions.settings import setting
from lodestone.board import ADDRESSES, PORT
from sensors.frame import AXES, SENSORS
from voices import catalogue

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
FRAME_RATE = setting("frame_rate").default
CHANNELS = SENSORS * AXES
RATE = catalogue.find("glass").sample_rate


def headings(page: str, pattern: str) -> int:
    return len(re.findall(pattern, (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE))


def heard_at() -> str:
    return str(setting("osc_targets").default[0].rpartition(":")[2])


STATED = {
    "attractors": f"hides {WORDS[SENSORS]} magnetic attractors, each with magnets and a {WORDS[AXES]}-axis",
    "field": f"reads the {WORDS[CHANNELS]} field components {FRAME_RATE} times a second",
    "touch": f"−1…1 of tonight's reach, {WORDS[CHANNELS]} values",
    "chips": f"{WORDS[SENSORS]} {names()[0].upper()} on `{setting('bus').default.removeprefix('i2c:')}`",
    "ports": f"OSC on UDP {heard_at()} (out) and {setting('osc_port').default} (in)",
    "board": f"lodestone page --board {ADDRESSES[0]}",
    "studies": f"with {WORDS[headings('studies.md', r'^## [0-9]')]}\n[studies]",
    "recipes": f"| {WORDS[headings('extending.md', '^## ')]} recipes",
    "Python": "Linux, Python ≥ " + (importlib.metadata.metadata("lodestone")["Requires-Python"] or "")[2:],
}


@pytest.mark.parametrize("what", STATED)
def test_the_readme_states_it(what: str) -> None:
    assert STATED[what] in README


def test_the_board_listens_where_the_tools_send() -> None:
    assert setting("osc_port").default == PORT


def rows() -> dict[str, tuple[float | None, float]]:
    """Samples, where stated, and milliseconds of each part of the way from hand to sound."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").split("\n## Where the time goes\n")[1]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if "|" in line
    ]
    return {
        part: (float(samples) if samples else None, float(ms))
        for part, samples, ms in cells[2:]
        if part and ms
    }


def test_where_the_time_goes_is_what_settings_and_voice_say() -> None:
    glass, told = catalogue.find("glass"), list(rows().values())
    frame, hop, prefill, answer, blocks = told
    assert frame == (None, 1000.0 / FRAME_RATE / 2)
    assert hop[0] == glass.hop / 2
    assert answer[1] == pytest.approx(glass.step_ms[1], abs=0.05)
    assert blocks[0] == 2 * setting("period").default
    for samples, ms in (hop, prefill, answer, blocks):
        assert samples is not None
        assert ms == pytest.approx(1000.0 * samples / RATE, abs=0.051)
