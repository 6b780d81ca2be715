"""A rough hour on the board's firmware, faster than real time; `bench/soak.py` prints it.

Modes, scenes and knobs change, sensors come and go, packets storm, and every minute or so the core becomes
too slow for its voice. Reports underruns that no slowness explains, memory over time, and delays.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lodestone.image import ROOT
from sensors.simulation import BoardServer, SimulatedBoard
from tests.support.rough import RoughEvening
from tests.support.tiny import SIM, image, scene, with_sister

PERIOD = 512
FRAME_RATE = 50
SLICE_US = 800
RECOVERY_S = 0.5  # a ring that ran dry at the end of a slow spell may do so once more
WARM_S = 60.0  # of the run, at most a third; memory counts from then on
MOST_GROWTH_KIB = 512
DELAY_MS = 6.0  # how far the measured delay may be from the stated one: a sensor frame is 20 ms long here


@dataclass(frozen=True)
class Soak:
    """What came of it."""

    seconds: float
    wall_s: float
    underruns: int
    unexplained: tuple[float, ...]  # seconds at which the ring ran dry for no reason
    slow_s: float
    rungs: int  # changes of rung
    scenes: int  # changes of scene
    first_kib: int
    last_kib: int
    stated_ms: float
    measured_ms: float
    most_growth_kib: int = MOST_GROWTH_KIB

    @property
    def faults(self) -> list[str]:
        """What is not as stated, one line each."""
        said = []
        if self.unexplained:
            said.append(
                f"{len(self.unexplained)} unexplained underruns, the first at {self.unexplained[0]} s"
            )
        if self.last_kib - self.first_kib > self.most_growth_kib:
            said.append(f"memory grew from {self.first_kib} to {self.last_kib} KiB")
        if abs(self.measured_ms - self.stated_ms) > DELAY_MS:
            said.append(f"the delay is {self.measured_ms:.1f} ms and stated as {self.stated_ms:.1f}")
        return said

    def table(self) -> str:
        """For a terminal."""
        return "\n".join(
            [
                f"played                     {self.seconds:.0f} s in {self.wall_s:.0f} s",
                f"underruns                  {self.underruns}, {len(self.unexplained)} of them unexplained",
                f"core too slow              {self.slow_s:.0f} s",
                f"changes of rung, of scene  {self.rungs}, {self.scenes}",
                f"resident memory            {self.first_kib} KiB warm, {self.last_kib} KiB at most later",
                f"field to sound             {self.measured_ms:.1f} ms measured, {self.stated_ms:.1f} stated",
            ]
        )


def slow_spells(seconds: float, seed: int) -> list[tuple[float, float, float]]:
    """(from, to, factor), one a minute on average."""
    chance = random.Random(seed)
    spells, at = [], chance.uniform(5.0, 20.0)
    while at < seconds - 15.0:
        length = chance.uniform(0.3, 5.0)
        spells.append((round(at, 3), round(at + length, 3), round(chance.choice([2.5, 4.0, 10.0, 60.0]), 1)))
        at += length + chance.expovariate(1 / 60.0) + 3.0
    return spells


def soak(folder: Path, seconds: float, program: Path = SIM, seed: int = 5) -> Soak:
    """Plays in `folder` and measures."""
    plans = folder / "plans"
    made = image(
        folder,
        with_sister(scene(plans, "one", work=64), work=16),
        with_sister(scene(plans, "two", hop=2048, channels=2, work=128), hop=2048, work=32),
        scene(plans, "three", pitch=0.005, work=64),
        frame_rate=FRAME_RATE,
    )
    spells = slow_spells(seconds, seed)
    board = SimulatedBoard("free-play", seed=3)
    evening = RoughEvening(board, seconds, scenes=3, seed=seed)
    command: list[str | Path] = [program, made, "--bus", f"sim:{folder}/bus", "--seconds", str(seconds)]
    command += ["--period", str(PERIOD), "--voice-slice-us", str(SLICE_US), "--stats", folder / "stats.json"]
    command += [
        "--state",
        folder / "state",
        "--status-file",
        folder / "status",
        "--log",
        folder / "board.log",
    ]
    for spell in spells:
        command += ["--voice-slow", ",".join(str(part) for part in spell)]
    began = time.monotonic()
    resident: list[tuple[float, int]] = []
    with (
        BoardServer(board, folder / "bus", evening),
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as firmware,
    ):
        evening.tick = lambda now_s: sample(resident, now_s, firmware.pid)
        said = firmware.communicate()[1]
    if firmware.returncode != 0:
        raise SystemExit(f"the firmware ended with {firmware.returncode}:\n{said}")
    return judge(folder, seconds, time.monotonic() - began, spells, resident)


def sample(resident: list[tuple[float, int]], now_s: float, pid: int) -> None:
    """Resident KiB of the firmware, once a second of its time; it stands still meanwhile."""
    if resident and now_s < resident[-1][0] + 1.0:
        return
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    resident.append((now_s, pages * os.sysconf("SC_PAGE_SIZE") // 1024))


def judge(
    folder: Path,
    seconds: float,
    wall_s: float,
    spells: Sequence[tuple[float, float, float]],
    resident: Sequence[tuple[float, int]],
) -> Soak:
    """Puts the figures of a run together."""
    stats = json.loads((folder / "stats.json").read_text())
    log = "".join(p.read_text() for p in (folder / "board.log.1", folder / "board.log") if p.exists())
    warm = min(WARM_S, seconds / 3)
    around = [(begin, end + RECOVERY_S) for begin, end, _ in spells]
    dry = [at for at in stats["underruns_at_s"] if not any(a <= at <= b for a, b in around)]
    rate = stats["sample_rate"]
    after_block = 1e3 * (stats["hop"] / 2 + stats["model_delay_samples"] + 2 * PERIOD) / rate
    return Soak(
        seconds=seconds,
        wall_s=wall_s,
        underruns=stats["underruns"],
        unexplained=tuple(dry),
        slow_s=sum(end - begin for begin, end, _ in spells),
        rungs=log.count("  rung "),
        scenes=log.count("  scene "),
        first_kib=max(kib for at, kib in resident if at <= warm),
        last_kib=max(kib for at, kib in resident if at > warm),
        stated_ms=stats["field_to_sound_ms"],
        measured_ms=stats["field_to_block_ms"]["mean"] + after_block,
    )


def sanitized() -> Path:
    """The simulator with sanitizers, built when it is not there or old."""
    build = ROOT / "build" / "sanitized"
    configure = ["cmake", "-S", ROOT, "-B", build, "-DLODESTONE_SANITIZE=ON", "-DLODESTONE_TESTS=OFF"]
    configure += [f"-DPython_EXECUTABLE={sys.executable}"]
    steps = [configure, ["cmake", "--build", build, "--target", "lodestone-sim", "-j", "2"]]
    for step in steps:
        done = subprocess.run([sys.executable, "-m", *step], capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
    return build / "lodestone-sim"
