"""The shortest host: hears a board's touch, says that it lives, prints what moves. Needs python-osc alone.

python lodestone_host.py [ADDRESS [PORT]]
"""

import contextlib
import socket
import sys
import time

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

address, port = (*sys.argv[1:], *("127.0.0.1", "7564")[len(sys.argv) - 1 :])[:2]
board = (address, int(port))
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(("", 0))
link.settimeout(0.1)


def say(address: str, *values: str | int | float) -> None:
    """Sends the board one message."""
    message = OscMessageBuilder(address)
    for value in values:
        message.add_arg(value)
    with contextlib.suppress(OSError):  # no way there just now: the cable may come back
        link.sendto(message.build().dgram, board)


began = 0.0
while True:
    if time.monotonic() - began > 0.1:  # hello keeps us heard, the heartbeat keeps us trusted
        began = time.monotonic()
        say("/hello", link.getsockname()[1])
        say("/heartbeat")
    try:
        message = OscMessage(link.recv(2048))
        touch = "  ".join(f"{value:+.2f}" for value in message.params if message.address == "/touch")
    except Exception:  # silence, or a damaged packet, of which python-osc tells by many names
        continue
    if touch:
        print(touch, end="\r", flush=True)
