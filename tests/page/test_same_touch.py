"""The touch in the page is that of the firmware's simulation, frame by frame."""

from __future__ import annotations

import base64
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
from pythonosc.osc_message import OscMessage

from lodestone.image import build_image
from lodestone.page.site import FIRST_VOICE
from lodestone.places import SIMULATOR
from lodestone.scenes import Scene
from sensors.buses.osc_link import port_message
from sensors.simulation import BoardServer, QuietOutside, SimulatedBoard
from tests.support.chromium import Chromium, Tab

PLANS = Path(__file__).resolve().parents[2] / "out" / "page-work" / "plans"
SECONDS = 8
TOLERANCE = 1e-6


class Asker(QuietOutside):
    """Keeps what the board says; asks for the times of its frames at once and each second."""

    def __init__(self) -> None:
        super().__init__()
        self._next_us = 0

    def datagram_in(self, now_us: int) -> bytes | None:
        if now_us < self._next_us:
            return None
        self._next_us += 1_000_000
        return port_message("/measure", 7563)


@pytest.fixture
def tab(browser: Chromium, page_file: Path) -> Tab:
    tab = browser.tab()
    tab.open(page_file.as_uri())
    tab.ready()
    return tab


def simulated(folder: Path) -> list[OscMessage]:
    """Everything that the firmware says over a gesture."""
    plans = (PLANS / f"{FIRST_VOICE}.{kind}.plan" for kind in ("touch", "voice"))
    scene = Scene(FIRST_VOICE, *plans, None)  # type: ignore[arg-type]
    image = build_image(folder / "image", [scene])
    outside = Asker()
    with (
        tempfile.TemporaryDirectory() as short,
        BoardServer(SimulatedBoard("first-sound", seed=3), Path(short) / "board", outside),
    ):
        command = [SIMULATOR, image, "--bus", f"sim:{short}/board", "--seconds", str(SECONDS)]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)
    return [OscMessage(data) for _, data in outside.datagrams]


def test_touch_and_latents_are_those_of_the_simulation(tab: Tab, tmp_path: Path) -> None:
    health: list[list[float]] = []
    fields: list[list[float]] = []
    touches, latents = [], []
    for message in simulated(tmp_path):
        if message.address == "/frame":
            _, time_us, *rest = message.params
            health.append([*rest[4:12], time_us])
        if message.address == "/field":
            fields.append(message.params[1:])
        if message.address == "/touch":
            touches.append(message.params)
        if message.address == "/latent":
            latents.append(message.params)
    count = min(len(fields) // 4, len(latents))
    assert count > 190 * SECONDS
    assert len(health) >= count  # asked for before the first frame
    table = np.column_stack([np.array(fields[: 4 * count]).reshape(count, 12), health[:count]]).astype("<f8")
    sent = base64.b64encode(table.tobytes()).decode()
    got = tab.floats(f"lodestoneTest.touches(lodestone, {json.dumps(sent)})").reshape(
        count, 12 + len(latents[0])
    )
    wanted = np.column_stack([np.array(touches[:count]), np.array(latents[:count])])
    assert np.ptp(wanted, axis=0).min() > 0.01
    assert np.abs(got - wanted).max() <= TOLERANCE * max(1.0, float(np.abs(wanted).max()))
