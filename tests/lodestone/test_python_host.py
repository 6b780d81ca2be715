"""The shortest host of all, as a player runs it: it is heard, kept, and prints the touch."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

from lodestone.board import Board
from lodestone.image import ROOT
from lodestone.live.instrument import LiveInstrument
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_live import free_port
from tests.support.tiny import RATE, image, scene

PROGRAM = ROOT / "host" / "python" / "lodestone_host.py"


def test_twenty_lines_keep_a_board_and_print_its_touch(tmp_path: Path) -> None:
    port = free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=port, osc_targets=(("127.0.0.1", free_port()),)
    )
    command = [sys.executable, str(PROGRAM), "127.0.0.1", str(port)]
    out = tmp_path / "said.txt"
    with (
        LiveInstrument(made, RATE, LiveWorld(three_marbles()), port=port) as live,
        Board("127.0.0.1", port, 5.0) as board,
        out.open("w") as file,
        subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT) as host,
    ):
        try:
            board.send("/mode", "host")
            assert board.wait(lambda s: s.sounding == "host", 20.0), out.read_text()[-500:]
            for step in range(10):
                live.world.move(1, -65.0 + 10.0 * step, 0.0)
                time.sleep(0.1)  # the board lives on the machine's clock
            kept = [s for _ in range(3) if (s := board.wait(lambda _: True, 5.0))]
            assert {status.sounding for status in kept} == {"host"}
        finally:
            host.terminate()
    lines = [re.findall(r"[+-]\d\.\d\d", line) for line in out.read_text().splitlines()]
    assert len(lines) > 100
    assert {len(line) for line in lines[:-1]} == {12}
    assert len({line[0] for line in lines[:-1]}) > 5  # a marble went over the first sensor
    code = [line for line in PROGRAM.read_text().splitlines() if line.strip()]
    assert len(code) < 40
