"""Real Pd with real nn~ sounds as the engine does offline; LODESTONE_NN_TILDE names the folder of nn~."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

from firmware import Engine
from model_export.compiler import compile_plan
from model_export.torchscript_writer import torchscript
from tests.lodestone.test_takes import tiny_onnx
from tests.support.tiny import RATE

FOLDER = os.environ.get("LODESTONE_NN_TILDE", "")
LATENTS = (0.3, -0.2)
SECONDS = 4
# Buffer 0 is nn~ without a thread of its own: what Pd computes in a batch then waits for it.
PATCH = """#N canvas 0 0 600 400 12;
#X obj 20 20 sig~ {z[0]};
#X obj 120 20 sig~ {z[1]};
#X obj 20 60 nn~ {voice} decode 0;
#X obj 20 100 writesf~ 1;
#X obj 220 20 loadbang;
#X msg 220 60 open -bytes 4 {sound} \\, start;
#X msg 220 100 \\; pd dsp 1;
#X obj 320 20 loadbang;
#X obj 320 60 delay {ms};
#X obj 320 100 trigger bang bang;
#X msg 320 140 stop;
#X msg 420 140 \\; pd quit;
#X connect 0 0 2 0;
#X connect 1 0 2 1;
#X connect 2 0 3 0;
#X connect 4 0 5 0;
#X connect 4 0 6 0;
#X connect 5 0 3 0;
#X connect 7 0 8 0;
#X connect 8 0 9 0;
#X connect 9 1 10 0;
#X connect 10 0 3 0;
#X connect 9 0 11 0;
"""


@pytest.mark.skipif(not FOLDER, reason="LODESTONE_NN_TILDE names no folder of nn~")
@pytest.mark.skipif(shutil.which("pd") is None, reason="Debian's puredata-core is not installed")
def test_pd_and_nn_tilde_sound_as_the_engine_offline(tmp_path: Path) -> None:
    model = onnx.load(tiny_onnx(tmp_path))
    voice, sound = tmp_path / "tiny.ts", tmp_path / "out.wav"
    voice.write_bytes(torchscript(model, "tiny"))
    patch = tmp_path / "parity.pd"
    patch.write_text(PATCH.format(z=LATENTS, voice=voice, sound=sound, ms=1000 * SECONDS))
    command = ["pd", "-nogui", "-stderr", "-batch", "-r", str(RATE), "-path", FOLDER, str(patch)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert "couldn't create" not in done.stderr, done.stderr[-500:]
    played, rate = soundfile.read(sound, dtype="float32")
    assert rate == RATE
    begun = int(np.flatnonzero(np.abs(played) > 0.0)[0])
    engine = Engine(compile_plan(model))
    latent = np.array(LATENTS, np.float32)[None, :, None]
    hops = [engine.run({"latent": latent})["audio"][0, 0] for _ in range(SECONDS * RATE // 512)]
    wanted = np.concatenate(hops)
    wanted = wanted[int(np.flatnonzero(np.abs(wanted) > 0.0)[0]) :]
    length = min(len(played) - begun, len(wanted))
    assert length > RATE
    error = played[begun : begun + length] - wanted[:length]
    assert 20 * np.log10(np.std(wanted[:length]) / max(np.std(error), 1e-12)) >= 100.0
