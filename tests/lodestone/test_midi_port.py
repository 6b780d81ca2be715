"""A real MIDI port: a controller's messages come through JACK's MIDI and rtmidi to a host's desk.

Needs Debian's jackd2, python-rtmidi and mido. ALSA's sequencer needs a kernel module that machines of a
suite have not; JACK's dummy driver needs neither a module nor a card.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time

import pytest

LACKING = [
    *([] if shutil.which("jackd") else ["jackd"]),
    *(name for name in ("rtmidi", "mido") if importlib.util.find_spec(name) is None),
]
PATIENCE_S = 120.0
PLAYED = """
import sys, time
import rtmidi
from lodestone.hosting.midi import MidiDesk, MidiError, MidiMap, open_input

controller = rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK, name="controller")
controller.open_virtual_port("pads")
said, levels = [], []
desk = MidiDesk(MidiMap())
desk.wire(lambda *words: said.append(words), levels.append)
desk.scenes = 3
try:
    open_input("nobody", desk.hear)
except MidiError as error:
    assert "pads" in str(error), error
port = open_input("pads", desk.hear)
until = time.monotonic() + 60.0
while not (len(said) >= 2 and levels) and time.monotonic() < until:
    controller.send_message([0xC0, 2])       # a program
    controller.send_message([0xB0, 7, 127])  # the volume
    controller.send_message([0xB0, 64, 127]) # a footswitch goes down, and up
    controller.send_message([0xB0, 64, 0])
    time.sleep(0.1)
    desk.act()
port.close()
assert ("/scene", 2) in said and ("/scene", 1) in said, said
assert levels[0] == 1.0, levels
print("heard")
"""


@pytest.mark.skipif(bool(LACKING), reason=f"not installed: {', '.join(LACKING)}")
def test_a_controller_on_a_real_port_plays_the_desk() -> None:
    server = f"lodestone{os.getpid()}"
    here = {**os.environ, "JACK_DEFAULT_SERVER": server, "MIDO_BACKEND": "mido.backends.rtmidi/UNIX_JACK"}
    command = ["jackd", "-n", server, "--no-realtime", "-d", "dummy"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=here) as jack:
        try:
            until = time.monotonic() + PATIENCE_S
            while time.monotonic() < until:
                play = [sys.executable, "-c", PLAYED]
                done = subprocess.run(play, env=here, capture_output=True, text=True, timeout=PATIENCE_S)
                if "heard" in done.stdout or "server is not running" not in done.stderr:
                    break
                time.sleep(0.2)  # it has not begun yet
        finally:
            jack.terminate()
    assert done.stdout.strip() == "heard", done.stderr[-800:]
