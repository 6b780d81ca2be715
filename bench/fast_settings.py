"""What answering sooner costs in noise: `python -m bench.fast_settings [--phases N] [--voice NAME]`.

Usual and fast sensors (oversampling 0, filter 2, 300 frames a second), either smoothing of a scene: frames a
second that the simulated board reaches, noise of the field and of the touch, the touch's own lag, and from
the hand to the sound of a voice, ms. The chips' noise is assumed: 5 µT, and more where less is averaged.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from calibration import Calibration, load
from calibration.capture.procedure import FREE_PLAY
from calibration.capture.sources import open_bus
from calibration.capture.steps import Source, Step
from calibration.judging.answer import answer
from calibration.session import Silent, calibrate
from calibration.strokes import for_strokes
from lodestone.hand_to_sound import Trial, measure
from lodestone.scenes import make_scene
from lodestone.settings import SceneSettings, Settings
from model_export.compiler.fit import fit
from sensors import default_sensors

SENSORS = {"usual": (1, 200), "fast": (0, 300)}
"""Oversampling and frames a second; the filter is 2."""


def _calibrated(folder: Path, oversampling: int, rate_hz: int) -> Path:
    path = folder / f"{rate_hz}.calibration.json"

    def open_step(step: Step) -> AbstractContextManager[Source]:
        gesture = "free-play" if step.name == FREE_PLAY.name else "empty"
        return open_bus(f"sim:{gesture}?seed=1&oversampling={oversampling}&rate_hz={rate_hz}")(step)

    return calibrate(open_step, Silent(), path).path


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="What answering sooner costs in noise.")
    parser.add_argument("--phases", type=int, default=100)
    parser.add_argument("--voice", default="breath")
    asked = parser.parse_args()
    print("sensors  smoothing   frames/s   field µT   touch %   lag ms   10 %: median   99 %   50 %: median")
    with tempfile.TemporaryDirectory(prefix="fast-") as name:
        folder = Path(name)
        for sensors, (oversampling, rate_hz) in SENSORS.items():
            path = _calibrated(folder, oversampling, rate_hz)
            board = load(path)
            settings = Settings(
                sensors=[one.but(oversampling=oversampling) for one in default_sensors()], frame_rate=rate_hz
            )
            for smoothing in ("usual", "strokes"):
                played: Calibration = for_strokes(board) if smoothing == "strokes" else board
                scene = make_scene(
                    SceneSettings("play", asked.voice, calibration=str(path), smoothing=smoothing),
                    folder / "plans",
                )
                load_share = fit(scene.voice_plan.read_bytes(), "bela-mini").load.high
                heard, told = measure(scene, Trial(asked.phases, load_share), settings), answer(played, board)
                row = f"{sensors:7}  {smoothing:9} {heard.frames_per_second:10.0f}"
                row += f" {1e3 * board.rest.noise_mt.max():10.1f} {100 * told.noise:9.3f} {told.lag_ms:8.1f}"
                tenth, half = np.median(heard.tenth_ms), np.median(heard.half_ms)
                print(
                    f"{row} {tenth:14.1f} {np.quantile(heard.tenth_ms, 0.99):6.1f} {half:14.1f}", flush=True
                )


if __name__ == "__main__":
    main()
