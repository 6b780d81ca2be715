"""The voice of the recipe, made and played by the instrument through a mapping and a calibration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np

from calibration import save
from lodestone.scenes import make_scene
from lodestone.settings import EXACT, SceneSettings
from tests.support.plain_board import plain_calibration
from tests.support.tiny import RATE, SIM, image, play

folder = Path(sys.argv[1])
subprocess.run([sys.executable, "hum.py"], check=True)
voice = Path("hum.onnx").resolve().rename(folder / "hum.onnx")
calibration = save(plain_calibration(), folder / "board.calibration.json")
scene = make_scene(
    SceneSettings("hum", str(voice), "rotate", str(calibration), precision=EXACT), folder / "plans"
)
run = play(folder, image(folder, scene), seconds=2.0)
sound = run.samples()[RATE:, 0]
assert 0.02 < np.abs(sound).max() < 1.0
spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
pitch = np.argmax(spectrum) * RATE / len(sound)
assert min(abs(pitch - 110.0 * k) for k in (1, 2, 3, 4)) < 2.0, pitch
assert run.stats["underruns"] == 0
print("voice of the extended tree", SIM)
