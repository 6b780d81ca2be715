"""Real scsynth with real nn.ar sounds as the engine offline; LODESTONE_NN_AR names the folder of nn.ar."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile

from graphs.card import load_onnx, read_card
from lodestone.voice_files import find_voice, voice_graph
from model_export.torchscript_writer import torchscript
from tests.support.nn_players import BLOCK, quality_db, without_noise

FOLDER = os.environ.get("LODESTONE_NN_AR", "")
SECONDS, PATIENCE_S = 4, 300.0
PLUGINS = Path("/usr/lib/SuperCollider/plugins")
SCRIPT = """(
var means = {means}, widths = {widths};
var synth = SynthDef(\\voice, {{
	var latents = means.collect {{ |mean, k| SinOsc.ar(0.3 + (0.21 * k), 0, widths[k]) + DC.ar(mean) }};
	Out.ar(0, [NNUGen.ar(0, 0, 0, 1, 0, 0, latents)] ++ latents)
}});
Score([
	[0.0, ["/cmd", "/nn_load", 0, "{voice}", ""]],
	[0.1, ["/d_recv", synth.asBytes]],
	[0.2, ["/s_new", "voice", 1000, 0, 0]],
	[{seconds}, ["/c_set", 0, 0]]
]).writeOSCFile("{score}", 0, {seconds});
0.exit;
)
"""
"""Each latent swings about its mean, at a pace of its own; they are recorded behind the sound. Buffer 0 is
nn.ar without a thread of its own: a synthesis that is not in real time waits for it."""


@pytest.mark.skipif(
    not FOLDER or shutil.which("scsynth") is None or shutil.which("sclang") is None,
    reason="LODESTONE_NN_AR names no folder of nn.ar, or no SuperCollider",
)
@pytest.mark.parametrize("name", ["glass", "breath", "struck"])
def test_nn_ar_sounds_as_the_engine_offline(name: str, tmp_path: Path) -> None:
    model = without_noise(load_onnx(voice_graph(find_voice(name), tmp_path)))
    card = read_card(model)
    assert card.latent is not None
    voice, score, sound = tmp_path / f"{name}.ts", tmp_path / "score.osc", tmp_path / "out.wav"
    voice.write_bytes(torchscript(model, name))
    spread = {"means": card.latent.mean.tolist(), "widths": card.latent.std.tolist()}
    script, settings = tmp_path / "score.scd", tmp_path / "sclang.yaml"
    script.write_text(SCRIPT.format(voice=voice, score=score, seconds=SECONDS, **spread))
    settings.write_text(f"includePaths: [{FOLDER}]\nexcludePaths: []\npostInlineWarnings: false\n")
    unseen = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}
    said = subprocess.run(
        ["sclang", "-l", settings, script], env=unseen, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert score.exists(), said.stdout[-1000:]
    command = ["scsynth", "-N", score, "_", sound, str(card.sample_rate), "WAV", "float"]
    command += ["-o", str(1 + card.latents), "-i", "0", "-z", str(BLOCK), "-U", f"{PLUGINS}:{FOLDER}"]
    subprocess.run(command, capture_output=True, timeout=PATIENCE_S)
    recorded, rate = soundfile.read(sound, dtype="float32")
    assert rate == card.sample_rate
    assert quality_db(model, recorded, (SECONDS - 1) * rate) >= 100.0
