"""A safe start: the button is held while power comes on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from lodestone.image import ROOT
from tests.support.messages import message
from tests.support.tiny import Run, image, play, scene

from .test_panel import BUTTON, LED, Hand, lit
from .test_simulation import ScriptedHost

HELD = [(0.0, 2.0)]


class Player(Hand):
    """A hand on the button, and commands of a host."""

    def __init__(self, presses: list[tuple[float, float]], script: list[tuple[float, bytes]]) -> None:
        super().__init__(presses)
        ScriptedHost.__init__(self, script)


def told(run: Run, address: str) -> list[list[object]]:
    found = [OscMessage(data) for _, data in run.outside.datagrams]
    return [list(m.params) for m in found if m.address == address]


def remembered(state: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in state.iterdir() if p.is_file()}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    plans = tmp_path / "p"
    return image(
        tmp_path,
        scene(plans, "one"),
        scene(plans, "two", hop=1024),
        safe=scene(plans, "plain", pitch=0.01),
        button_pin=BUTTON,
        led_pin=LED,
        streams=("touch",),
    )


def test_without_memory_mapping_and_network_settings_of_the_player(tmp_path: Path, made: Path) -> None:
    state = tmp_path / "state"
    options = ["--state", str(state), "--log", str(tmp_path / "log")]
    evening = [
        (0.5, message("/scene", 1)),
        (1.0, message("/mode", "both")),
        (1.1, message("/knob/reach", 3.0)),
    ]
    play(tmp_path / "a", made, *options, outside=ScriptedHost(evening), seconds=2.5)
    before = remembered(state)
    assert "state.1" in before

    safe = play(tmp_path / "b", made, *options, outside=Hand(HELD), seconds=3.0)
    status = told(safe, "/status")[-1]
    assert status[:4] == ["onboard", "onboard", 0, "safe"]
    assert told(safe, "/mag") != []  # the player's streams are left out too
    ((*_, text),) = [t for t in told(safe, "/trouble") if t[2] == "start"][:1]
    assert str(text).startswith("the button was held at the start: a safe scene plays, without your memory")
    assert "the button was held at the start" in (tmp_path / "log").read_text()
    assert {
        p.name: p.read_bytes() for p in state.iterdir() if p.is_file()
    } == before  # nor is anything kept over it
    assert np.abs(safe.samples()[-44100:]).max() > 0.05

    usual = play(tmp_path / "c", made, *options, seconds=2.0)
    assert told(usual, "/status")[-1][:4] == ["both", "onboard", 1, "two"]


def test_the_led_tells_and_the_press_is_no_command(tmp_path: Path, made: Path) -> None:
    hand = Hand(HELD)
    run = play(tmp_path / "run", made, outside=hand, seconds=5.0, gesture="empty")
    share, flashes = lit(hand, 2.0, 4.0)
    assert (share, flashes) == (pytest.approx(0.2, abs=0.02), 4)
    assert lit(hand, 0.02, 0.08)[0] > 0.9  # it is seen at once
    assert len(run.stats["modes"]) == 1
    assert [s for s in told(run, "/status") if s[18] == 1] == []  # no rest was captured
    later = Player([(0.0, 1.0), (2.0, 2.2)], [])
    assert len(play(tmp_path / "later", made, outside=later, seconds=3.0).stats["modes"]) == 2


@pytest.mark.parametrize("presses", [[], [(0.0, 0.05)], [(0.06, 1.5)]], ids=["not", "let go", "too late"])
def test_only_a_button_that_is_held_counts(
    tmp_path: Path, made: Path, presses: list[tuple[float, float]]
) -> None:
    run = play(tmp_path / "run", made, outside=Hand(presses), seconds=1.2)
    assert told(run, "/status")[-1][3] == "one"
    assert run.samples()[: int(0.07 * 44100)].max() == 0.0  # silence until it is decided
    assert np.abs(run.samples()[-4410:]).max() > 0.05


def test_an_image_without_a_safe_scene_plays_its_first(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two"), button_pin=BUTTON)
    conf = made / "board.conf"
    conf.write_text(conf.read_text() + "first_scene = 1\n")
    run = play(tmp_path / "run", made, outside=Hand(HELD), seconds=1.5)
    assert told(run, "/status")[-1][3] == "one"


def test_what_crashes_the_usual_start_is_not_touched(tmp_path: Path, made: Path) -> None:
    """A scene whose plan is damaged, and settings that cannot be read, are no matter to a safe start."""
    (made / "plans" / "one.voice.plan").write_bytes(b"no plan")
    run = play(tmp_path / "run", made, outside=Hand(HELD), seconds=1.5)
    troubles = {t[2] for t in told(run, "/trouble")}
    assert told(run, "/status")[-1][3] == "safe"
    assert "scene" not in troubles


def test_the_check_proves_the_safe_scene_too(tmp_path: Path, made: Path) -> None:
    check = ROOT / "build" / "lodestone-check"
    assert "voice = safe" in subprocess.run([check], cwd=made, capture_output=True, text=True).stdout
    (made / "plans" / "safe.start.voice.plan").write_bytes(b"no plan")
    done = subprocess.run([check], cwd=made, capture_output=True, text=True)
    assert (done.returncode, "refused: plans/safe.start.voice.plan" in done.stdout) == (1, True)
