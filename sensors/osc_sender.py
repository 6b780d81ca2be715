"""Frames as OSC, as the instrument sends them: /mag with raw counts, /field with millitesla."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from sensors.errors import SensorError
from sensors.frame import SENSORS, Frame


class OscSender:
    """Sends each frame to every target.

    Args:
        targets: "192.168.7.1:7563", numeric IPv4.

    Raises:
        SensorError: a target that is none.
    """

    def __init__(self, targets: Sequence[str]) -> None:
        from pythonosc.udp_client import SimpleUDPClient

        self._clients: list[Any] = [SimpleUDPClient(*osc_target(text)) for text in targets]

    def send(self, frame: Frame) -> None:
        """Four /mag and four /field messages."""
        for client in self._clients:
            for sensor in range(SENSORS):
                counts = [int(value) for value in frame.counts[sensor]]
                field = [float(value) for value in frame.field_mt[sensor]]
                client.send_message("/mag", [sensor + 1, *counts])
                client.send_message("/field", [sensor + 1, *field])


def osc_target(text: str) -> tuple[str, int]:
    """Address and port of "192.168.7.1:7563". Raises SensorError for anything else."""
    host, _, port = text.rpartition(":")
    try:
        ipaddress.IPv4Address(host)
        number = int(port)
    except ValueError:
        raise SensorError("an OSC target like 127.0.0.1:7563", repr(text), "write address and port") from None
    if not 1 <= number <= 65535:
        raise SensorError("a port from 1 to 65535", port, "correct the OSC target")
    return host, number
