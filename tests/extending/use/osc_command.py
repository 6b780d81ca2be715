"""The command of the recipe, sent to the firmware: a knob that was turned is back where the scene begins."""

from __future__ import annotations

import sys
from pathlib import Path

from pythonosc.osc_message import OscMessage

from definitions import osc
from tests.support.messages import message
from tests.support.scripted_host import ScriptedHost
from tests.support.tiny import SIM, image, play

folder = Path(sys.argv[1])
script = [(0.3, message("/knob/reach", 3.0)), (0.9, message("/home"))]
host = ScriptedHost(script)
play(folder, image(folder), seconds=1.5, outside=host)
told = [(at, OscMessage(data).params) for at, data in host.datagrams if data.startswith(b"/knobs")]
values = [(at, osc.named("/knobs", list(params))) for at, params in told]
reach = [(at, row["value"]) for at, row in values if row is not None and row["name"] == "reach"]
assert (reach[-2][1], reach[-1][1]) == (3.0, 0.25), reach
assert reach[-1][0] >= 900_000, reach
assert not [data for _, data in host.datagrams if data.startswith(b"/error")]
assert osc.command("/home") is not None
print("OSC command of the extended tree", SIM)
