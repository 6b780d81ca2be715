"""How much later nn~ sounds than a voice that takes its latents once a hop, measured in Pd.

nn~ gathers a buffer of latents, computes it in a thread and sounds it while the next one is gathered. The
voice here is a wire, whose sound is its first latent: every jump of the latent is looked for in what Pd
records. Pd runs without a card, so that nothing but nn~ is in the figure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import soundfile

from errors import LodestoneError
from graphs.card import load_onnx
from model_export.torchscript_writer import torchscript
from tests.support.loop_back import RATE, wire

FOLDER = os.environ.get("LODESTONE_NN_TILDE", "")
MISSING = "nn~ is not measured, its figures are two buffers: no pd, or no LODESTONE_NN_TILDE with its folder"
SECONDS, PATIENCE_S = 12, 300.0
JUMPS_HZ = 1.4585
"""Of the latent: 15,118 samples from jump to jump, which come at all phases of a buffer."""
BLOCK = 64
"""Of Pd: what is taken at its end sounds from its beginning."""
LATENTS = 2
"""nn~ keeps the buffer of 4096 that it begins with for a model of one input and one output."""
PATCH = """#N canvas 0 0 600 400 12;
#X obj 20 60 nn~ {voice} decode {buffer};
#X obj 20 100 writesf~ 2;
#X obj 220 20 loadbang;
#X msg 220 60 open -bytes 4 {sound} \\, start;
#X msg 220 100 \\; pd dsp 1;
#X obj 320 60 delay {ms};
#X obj 320 100 trigger bang bang;
#X msg 320 140 stop;
#X msg 420 140 \\; pd quit;
#X obj 20 20 phasor~ {jumps};
#X obj 120 20 expr~ ($v1 > 0.5) * 0.5;
#X connect 0 0 1 0;
#X connect 2 0 3 0;
#X connect 2 0 4 0;
#X connect 2 0 5 0;
#X connect 3 0 1 0;
#X connect 5 0 6 0;
#X connect 6 0 8 0;
#X connect 6 1 7 0;
#X connect 7 0 1 0;
#X connect 9 0 10 0;
#X connect 10 0 0 0;
#X connect 10 0 1 1;
"""


def installed() -> bool:
    """Whether nn~ can be measured."""
    return bool(FOLDER) and shutil.which("pd") is not None


def added_ms(folder: Path, hop: int, buffer: int) -> float:
    """Mean of all jumps, from the latent to its sound, less half a hop.

    Args:
        folder: for the voice and the recording.
        hop: of the voice.
        buffer: nn~'s, samples; 0 has no thread.

    Raises:
        LodestoneError: Pd or nn~ do not play, or no jump came through.
    """
    voice, sound, patch = (folder / f"{hop}-{buffer}.{end}" for end in ("ts", "wav", "pd"))
    voice.write_bytes(torchscript(load_onnx(wire(folder / f"{hop}.onnx", hop, LATENTS)), "wire"))
    patch.write_text(PATCH.format(voice=voice, buffer=buffer, sound=sound, ms=1000 * SECONDS, jumps=JUMPS_HZ))
    command = ["pd", "-nogui", "-stderr", "-batch", "-r", str(RATE), "-path", FOLDER, str(patch)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    if "couldn't create" in done.stderr or not sound.exists():
        raise LodestoneError("nn~ that plays in Pd", done.stderr[-300:], "look at LODESTONE_NN_TILDE")
    recorded, _ = soundfile.read(sound, dtype="float32")
    heard, given = (np.flatnonzero(np.abs(np.diff(recorded[:, k])) > 0.1) for k in (0, 1))
    firsts = ((jump, heard[heard > jump - BLOCK]) for jump in given[2:-4])
    waits = [later[0] - jump for jump, later in firsts if len(later)]
    if len(waits) < 4:
        raise LodestoneError("jumps that come through nn~", f"{len(waits)}", "look at what Pd says")
    return 1e3 * (float(np.mean(waits)) - hop / 2) / RATE
