"""The SuperCollider script in the real program: it hears a living instrument, keeps it, and sounds."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from graphs.card import Card, LatentStatistics
from lodestone.board import Board
from lodestone.image import ROOT
from lodestone.live.instrument import LiveInstrument
from lodestone.patches.sc import sc_patch
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_live import free_port
from tests.support.tiny import RATE, image, scene

SCRIPT = ROOT / "host" / "supercollider" / "lodestone.scd"
MISSING = [name for name in ("sclang", "scsynth", "jackd") if shutil.which(name) is None]
needs_supercollider = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")

HARNESS = """
"{script}".load;
fork {{
	var wait = 0;
	while {{ (~lodestone.isNil or: {{ ~lodestone.sounding.isNil }}) and: {{ wait < 300 }} }} {{
		0.1.wait; wait = wait + 1
	}};
	OSCdef(\\level, {{ |msg| ("level" + msg[3]).postln }}, '/level');
	{{
		SendReply.kr(Impulse.kr(5), '/level', Amplitude.kr(In.ar(0)));
		Silent.ar
	}}.play(addAction: \\addToTail);
	loop {{ ("told" + ~lodestone.status + ~lodestone.latent.size + ~lodestone.plays).postln; 0.5.wait }};
}};
"""
# What nn.ar asks of its callers: one input at audio rate for each latent, a size known beforehand.
STAND_IN = """
NN {{
	classvar loaded;
	*load {{ |key, path| loaded = loaded ? (); loaded[key] = path; ("loaded" + key + path).postln }}
	*new {{ |key, method|
		if(loaded.isNil or: {{ loaded[key].isNil }}) {{ Error("no model" + key).throw }};
		if(method != \\decode) {{ Error("no method" + method).throw }};
		^super.new
	}}
	ar {{ |inputs, bufferSize = 0|
		if(inputs.size != {latents}) {{ Error("wanted {latents} inputs, got" + inputs.size).throw }};
		if(inputs.any {{ |x| x.rate != \\audio }}) {{ Error("wanted audio rate").throw }};
		if(bufferSize.isNumber.not) {{ Error("bufferSize is not modulatable").throw }};
		^SinOsc.ar(220 * (2 ** inputs[0])) * inputs[1].tanh
	}}
}}
"""


def test_the_script_in_the_repository_is_what_the_command_writes() -> None:
    said = "run `lodestone patch --sc -o host/supercollider/lodestone.scd`"
    assert SCRIPT.read_text(encoding="utf-8") == sc_patch(), said


@contextmanager
def supercollider(folder: Path, script: Path, board_port: int, classes: Path | None = None) -> Iterator[Path]:
    """sclang with a server that plays into nothing; the file is what it says."""
    (folder / "harness.scd").write_text(HARNESS.format(script=script))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        name = f"lodestone{probe.getsockname()[1]}"
    here = {
        **os.environ,
        "LODESTONE_BOARD": f"127.0.0.1:{board_port}",
        "QT_QPA_PLATFORM": "offscreen",
        "QTWEBENGINE_DISABLE_SANDBOX": "1",
        "JACK_DEFAULT_SERVER": name,
        "XDG_RUNTIME_DIR": str(folder),
    }
    command = ["sclang", "-D", "-i", "none"]
    if classes is not None:
        conf = folder / "conf.yaml"
        conf.write_text(f"includePaths:\n  - {classes}\nexcludePaths: []\npostInlineWarnings: false\n")
        command += ["-l", str(conf)]
    log = folder / "sclang.log"
    with (
        log.open("w") as file,
        subprocess.Popen(
            ["jackd", "-r", "-n", name, "-d", "dummy", "-r", "44100", "-p", "512"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=here,
        ) as jack,
        subprocess.Popen(
            [*command, str(folder / "harness.scd")],
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            env=here,
            start_new_session=True,
        ) as sclang,
    ):
        try:
            yield log
        finally:
            os.killpg(sclang.pid, 15)  # its server goes with it
            sclang.wait(20)
            jack.terminate()


def wait_for(log: Path, pattern: str, seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while re.search(pattern, log.read_text(errors="replace")) is None:
        assert time.monotonic() < until, log.read_text(errors="replace")[-1500:]
        time.sleep(0.1)


@needs_supercollider
def test_supercollider_hears_keeps_and_sounds(tmp_path: Path) -> None:
    port = free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=port, osc_targets=(("127.0.0.1", free_port()),)
    )
    world = LiveWorld(three_marbles())
    world.move(1, -65.0, 0.0)
    with (
        LiveInstrument(made, RATE, world, port=port),
        Board("127.0.0.1", port, 5.0) as board,
        supercollider(tmp_path, SCRIPT, port) as log,
    ):
        assert board.wait(lambda s: s.sounding == "host", 60.0), log.read_text()[-1500:]
        kept = [s for _ in range(4) if (s := board.wait(lambda _: True, 5.0))]
        assert {status.sounding for status in kept} == {"host"}  # its heart goes on beating
        wait_for(log, r"told \[ \w+, host, 0, one, [^\]]*\] 2 nil")
        wait_for(log, r"level 0\.0*[1-9]\d*")
    text = log.read_text()
    assert "ERROR" not in text
    levels = [float(value) for value in re.findall(r"level ([\d.e-]+)", text)]
    assert 0.005 < max(levels) < 1.0


@needs_supercollider
def test_a_script_for_a_voice_gives_nn_ar_its_latents(tmp_path: Path) -> None:
    port = free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=port, osc_targets=(("127.0.0.1", free_port()),)
    )
    mean = np.array([0.25, 0.5], np.float32)
    card = Card("voice", "v", 2, latent=LatentStatistics("made up", mean, np.ones(2, np.float32), None, None))
    (tmp_path / "classes").mkdir()
    (tmp_path / "classes" / "NN.sc").write_text(STAND_IN.format(latents=2))
    script = tmp_path / "voice.scd"
    script.write_text(sc_patch("bell", card))
    with (
        LiveInstrument(made, RATE, LiveWorld({}), port=port),
        supercollider(tmp_path, script, port, tmp_path / "classes") as log,
    ):
        wait_for(log, r"\] 2 lodestoneVoice")
        wait_for(log, r"level [\d.e-]+")
    text = log.read_text()
    assert "ERROR" not in text
    assert f"loaded bell {tmp_path}/bell.ts" in text
