"""The Pure Data patch in the real program: it hears a living instrument, keeps it, and sounds."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from graphs.card import Card, LatentStatistics
from lodestone.board import Board
from lodestone.image import ROOT
from lodestone.live.instrument import LiveInstrument
from lodestone.patches.pd import pd_help, pd_patch
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_live import free_port
from tests.support.tiny import RATE, image, scene

HARNESS = """#N canvas 0 0 600 300 12;
#X obj 20 20 r lodestone-level;
#X obj 20 50 print level;
#X obj 220 20 r lodestone-latent;
#X obj 220 50 print latent;
#X obj 420 20 loadbang;
#X obj 420 50 delay 200;
#X msg 420 80 \\; lodestone-connect connect 127.0.0.1 {board} \\; lodestone-listen listen {own} \\; \
lodestone-port {own} \\; lodestone-mode host;
#X obj 520 110 loadbang;
#X obj 520 140 delay 1500;
#X msg 520 170 \\; lodestone-scene two;
#X obj 620 110 loadbang;
#X obj 620 140 metro 500;
#X msg 620 170 \\; lodestone-knob reach 3;
#X connect 0 0 1 0;
#X connect 2 0 3 0;
#X connect 4 0 5 0;
#X connect 5 0 6 0;
#X connect 7 0 8 0;
#X connect 8 0 9 0;
#X connect 10 0 11 0;
#X connect 11 0 12 0;
"""


def test_the_patch_in_the_repository_is_what_the_command_writes() -> None:
    written = (ROOT / "host" / "pd" / "lodestone.pd").read_text(encoding="utf-8")
    assert written == pd_patch(), "run `lodestone patch -o host/pd/lodestone.pd`"
    help_patch = (ROOT / "host" / "pd" / "lodestone-help.pd").read_text(encoding="utf-8")
    assert help_patch == pd_help(), "write `lodestone.patches.pd.pd_help()` there"


def test_a_patch_for_a_voice_has_an_inlet_for_each_latent() -> None:
    mean = np.array([0.5, -0.25, 0.0], np.float32)
    card = Card("voice", "v", 3, latent=LatentStatistics("made up", mean, np.ones(3, np.float32), None, None))
    text = pd_patch("glass", card)
    assert "nn~ glass decode 2048;" in text
    boxes = [line for line in text.splitlines() if line.startswith(("#X obj", "#X msg", "#X text"))]
    voice = next(n for n, line in enumerate(boxes) if "nn~" in line)
    inlets = re.findall(rf"#X connect \d+ 0 {voice} (\d);", text)
    assert sorted(inlets) == ["0", "1", "2"]
    assert "latent 2: -0.25" in text
    assert "of it: darker" not in text
    told = pd_patch("glass", card, ["louder", "darker, airier", "colour"])
    assert "latent 2: -0.25 \\, mostly within 2 of it: darker \\, airier;" in told
    for number in re.findall(r"#X connect (\d+) \d+ (\d+) \d+;", text):
        assert max(map(int, number)) < len(boxes)


@pytest.mark.skipif(shutil.which("pd") is None, reason="Debian's puredata-core is not installed")
def test_pure_data_hears_keeps_and_sounds(tmp_path: Path) -> None:
    board_port, own_port = free_port(), free_port()
    scenes = (scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two", hop=1024))
    made = image(tmp_path, *scenes, osc_port=board_port, osc_targets=(("127.0.0.1", free_port()),))
    (tmp_path / "harness.pd").write_text(HARNESS.format(board=board_port, own=own_port))
    world = LiveWorld(three_marbles())
    world.move(1, -65.0, 0.0)
    log = tmp_path / "pd.log"
    patch = ROOT / "host" / "pd" / "lodestone.pd"
    command = ["pd", "-nogui", "-stderr", "-nosound", "-r", "44100", str(patch), str(tmp_path / "harness.pd")]
    with (
        LiveInstrument(made, RATE, world, port=board_port),
        Board("127.0.0.1", board_port, 5.0) as board,
        log.open("w") as file,
        subprocess.Popen(command, stderr=file, stdout=file) as pd,
    ):
        try:
            assert board.wait(lambda s: s.sounding == "host", 20.0), log.read_text()[-800:]
            assert board.wait(lambda s: s.scene_name == "two", 20.0), log.read_text()[-800:]
            kept = [s for _ in range(4) if (s := board.wait(lambda _: True, 5.0))]
            assert {status.sounding for status in kept} == {"host"}  # its heart goes on beating
            assert board.wait(lambda _: board.knobs()[0].value == 3.0, 20.0), log.read_text()[-800:]
            until = time.monotonic() + 20.0
            while "latent:" not in log.read_text() and time.monotonic() < until:
                time.sleep(0.1)
        finally:
            pd.terminate()
    text = log.read_text()
    assert "couldn't create" not in text
    assert re.search(r"latent: \S+ \S+", text)
    levels = [float(value) for value in re.findall(r"level: ([\d.]+)", text)]
    assert max(levels) > 20.0  # dB in Pd's measure, 100 for a sine of full scale; a silent patch says 0


@pytest.mark.skipif(shutil.which("pd") is None, reason="Debian's puredata-core is not installed")
def test_pure_data_opens_the_help_patch_and_its_messages_reach_the_board(tmp_path: Path) -> None:
    board_port, own_port = free_port(), free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=board_port, osc_targets=(("127.0.0.1", free_port()),)
    )
    (tmp_path / "harness.pd").write_text(HARNESS.format(board=board_port, own=own_port))
    log = tmp_path / "pd.log"
    patch = ROOT / "host" / "pd" / "lodestone-help.pd"
    command = ["pd", "-nogui", "-stderr", "-nosound", "-r", "44100", str(patch), str(tmp_path / "harness.pd")]
    with (
        LiveInstrument(made, RATE, LiveWorld({}), port=board_port),
        Board("127.0.0.1", board_port, 5.0) as board,
        log.open("w") as file,
        subprocess.Popen(command, stderr=file, stdout=file) as pd,
    ):
        try:
            assert board.wait(lambda s: s.sounding == "host", 20.0), log.read_text()[-800:]
            until = time.monotonic() + 20.0
            while "status: host" not in log.read_text() and time.monotonic() < until:
                time.sleep(0.1)
        finally:
            pd.terminate()
    assert "couldn't create" not in log.read_text()
    assert "status: host" in log.read_text()
