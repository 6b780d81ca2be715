"""From the hand to the sound: `python -m bench.hand_to_sound [--fast] [--phases N] [VOICE…]`.

A magnet jumps at random phases above the simulated board, which plays w8a16 plans with the pessimistic load
of a Bela Mini; ms until 10 and 50 % of the change are in the sound. * marks what is above the wanted figure
of its hop. A voice of a short hop, for which `lodestone build` advises the fast setting of the sensors, is
measured with both, and held to its figures with the fast one. Exit 1 where one does not hold.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calibration.session import calibrate_simulated
from lodestone.fast_sensors import fast, hint
from lodestone.hand_to_sound import HandToSound, Trial, measure
from lodestone.scenes import make_scene
from lodestone.settings import SceneSettings, Settings
from model_export.compiler.fit import fit
from voices.catalogue import shipped

WANTED = {
    2048: (48.0, 75.0, 85.0, 77.0, 8.0),
    512: (22.0, 32.0, 48.0, 25.0, 15.0),
    128: (10.5, 14.0, 28.0, 10.5, 12.0),
}
"""By hop, ms: median and 99 % of 10 %, median of 50 %, the sum of the parts; per cent of a core."""
HEAD = (
    "voice    sensors  hop 10 %: least  median    99 %  50 %: least  median    99 %     sum  core %  prefill"
)


def _spread(times: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    return float(times.min()), float(np.median(times)), float(np.quantile(times, 0.99))


def _row(found: HandToSound, hop: int) -> tuple[str, bool]:
    """A line of the table, and whether all of it holds."""
    (least, middle, last), half = _spread(found.tenth_ms), _spread(found.half_ms)
    got = (middle, last, half[1], found.sum_ms, 100.0 * found.load)
    cells = [
        f"{value:7.1f}{'*' if value > most else ' '}" for value, most in zip(got, WANTED[hop], strict=True)
    ]
    late = f"{found.underruns} underruns" if found.underruns else ""
    row = f"{hop:4} {least:11.1f} {cells[0]}{cells[1]} {half[0]:11.1f} {cells[2]}{half[2]:7.1f} {cells[3]}"
    return f"{row}{cells[4]} {found.prefill:6} {late}", not late and not any("*" in cell for cell in cells)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="From the hand to the sound, every voice that ships.")
    parser.add_argument("voice", nargs="*", default=[voice.name for voice in shipped()])
    parser.add_argument("--phases", type=int, default=200)
    parser.add_argument("--jitter-us", type=int, default=0, help="each wake-up up to so much late")
    parser.add_argument("--fast", action="store_true", help="the fast setting of the sensors alone")
    parser.add_argument("--period", type=int, default=16)
    asked = parser.parse_args()
    usual, holds = Settings(), True
    print(HEAD)
    with tempfile.TemporaryDirectory(prefix="hand-") as name:
        folder = Path(name)
        calibration = str(calibrate_simulated(folder / "one.calibration.json").path)
        for voice in asked.voice:
            scene = make_scene(SceneSettings("play", voice, calibration=calibration), folder / "plans")
            load = fit(scene.voice_plan.read_bytes(), "bela-mini").load.high
            trial, hop = Trial(asked.phases, load, asked.jitter_us, asked.period), scene.card.hop
            boards = [] if asked.fast else [("usual", usual)]
            if asked.fast or hint(usual, voice, hop) is not None:
                boards.append(("fast", fast(usual)))
            for sensors, settings in boards:
                row, good = _row(measure(scene, trial, settings), hop)
                holds = holds and (good or sensors != boards[-1][0])
                print(f"{voice:8} {sensors:7} {row}", flush=True)
    raise SystemExit(0 if holds else 1)


if __name__ == "__main__":
    main()
