"""Real Pd with real nn~ sounds as the engine does offline; LODESTONE_NN_TILDE names the folder of nn~."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from graphs.card import load_onnx, read_card
from lodestone.patches.pd import pd_patch
from lodestone.voice_files import find_voice, voice_graph
from model_export.torchscript_writer import torchscript
from tests.support.nn_players import quality_db, without_noise

FOLDER = os.environ.get("LODESTONE_NN_TILDE", "")
SECONDS = 4
PATIENCE_S = 300.0
HEAD = """#N canvas 0 0 600 400 12;
#X obj 20 60 nn~ {voice} decode 0;
#X obj 20 100 writesf~ {channels};
#X obj 220 20 loadbang;
#X msg 220 60 open -bytes 4 {sound} \\, start;
#X msg 220 100 \\; pd dsp 1;
#X obj 320 20 loadbang;
#X obj 320 60 delay {ms};
#X obj 320 100 trigger bang bang;
#X msg 320 140 stop;
#X msg 420 140 \\; pd quit;
#X connect 0 0 1 0;
#X connect 2 0 3 0;
#X connect 2 0 4 0;
#X connect 3 0 1 0;
#X connect 5 0 6 0;
#X connect 6 0 7 0;
#X connect 7 0 9 0;
#X connect 7 1 8 0;
#X connect 8 0 1 0;
"""
"""Buffer 0 is nn~ without a thread of its own: what Pd computes in a batch then waits for it."""


def patch_text(voice: Path, sound: Path, means: np.ndarray, widths: np.ndarray) -> str:
    """Each latent swings about its mean, at a pace of its own; they are recorded behind the sound."""
    lines = [HEAD.format(voice=voice, sound=sound, channels=len(means) + 1, ms=1000 * SECONDS)]
    box = 10
    for number, (mean, width) in enumerate(zip(means, widths, strict=True)):
        lines += [f"#X obj {20 + 90 * number} 200 osc~ {0.3 + 0.21 * number:.2f};\n"]
        lines += [f"#X obj {20 + 90 * number} 230 *~ {width:.4f};\n"]
        lines += [f"#X obj {20 + 90 * number} 260 +~ {mean:.4f};\n"]
        ways = [(box, box + 1, 0), (box + 1, box + 2, 0), (box + 2, 0, number), (box + 2, 1, number + 1)]
        lines += [f"#X connect {a} 0 {b} {inlet};\n" for a, b, inlet in ways]
        box += 3
    boxes = [line for line in lines[1:] if line.startswith("#X obj")]
    wires = [line for line in lines[1:] if line.startswith("#X connect")]
    return lines[0] + "".join(boxes + wires)


NEEDS_NN_TILDE = pytest.mark.skipif(
    not FOLDER or shutil.which("pd") is None, reason="LODESTONE_NN_TILDE names no folder of nn~, or no pd"
)
METER = """#N canvas 0 0 600 300 12;
#X obj 20 20 r lodestone-level;
#X obj 20 50 print level;
#X connect 0 0 1 0;
"""


@NEEDS_NN_TILDE
@pytest.mark.parametrize("name", ["glass", "breath", "struck"])
def test_pd_and_nn_tilde_sound_as_the_engine_offline(name: str, tmp_path: Path) -> None:
    model = without_noise(load_onnx(voice_graph(find_voice(name), tmp_path)))
    card = read_card(model)
    voice, sound = tmp_path / f"{name}.ts", tmp_path / "out.wav"
    voice.write_bytes(torchscript(model, name))
    assert card.latent is not None
    patch = tmp_path / "parity.pd"
    patch.write_text(patch_text(voice, sound, card.latent.mean, card.latent.std))
    command = ["pd", "-nogui", "-stderr", "-batch", "-r", str(card.sample_rate), "-path", FOLDER, str(patch)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    assert "couldn't create" not in done.stderr, done.stderr[-500:]
    recorded, rate = soundfile.read(sound, dtype="float32")
    assert rate == card.sample_rate
    assert quality_db(model, recorded, (SECONDS - 1) * rate) >= 100.0


@NEEDS_NN_TILDE
def test_the_patch_for_a_voice_opens_and_sounds_with_nn_tilde(tmp_path: Path) -> None:
    model = load_onnx(voice_graph(find_voice("glass"), tmp_path))
    (tmp_path / "glass.ts").write_bytes(torchscript(model, "glass"))
    (tmp_path / "glass.pd").write_text(pd_patch("glass", read_card(model)))
    (tmp_path / "meter.pd").write_text(METER)
    command = ["pd", "-nogui", "-stderr", "-nosound", "-r", "44100", "-path", FOLDER]
    log = tmp_path / "pd.log"
    with log.open("w") as file:
        opened = [*command, str(tmp_path / "glass.pd"), str(tmp_path / "meter.pd")]
        pd = subprocess.Popen(opened, stdout=file, stderr=file)
        try:
            until = time.monotonic() + PATIENCE_S
            levels: list[float] = []
            while max(levels, default=0.0) < 20.0 and time.monotonic() < until:
                time.sleep(0.2)
                levels = [float(value) for value in re.findall(r"level: ([\d.]+)", log.read_text())]
        finally:
            pd.kill()
            pd.wait()
    text = log.read_text()
    assert not re.search("couldn't create|error", text), text[-800:]
    assert max(levels) > 20.0, text[-800:]
