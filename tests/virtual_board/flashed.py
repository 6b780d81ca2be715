"""A virtual board with versions on it: what is flashed, what plays, what would play after a restart."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lodestone.board import Board, BoardError, Status
from lodestone.image import MANIFEST, manifest
from tests.support.tiny import image, scene
from tests.virtual_board.machine import VirtualBoard

PERIOD = 512
FRAME_RATE = 50
"""Sensor frames a second: emulation leaves less of a core than a board has."""


class FlashedBoard:
    """A virtual board and the images for it. A version is known by the name of its scene."""

    def __init__(self, machine: VirtualBoard, folder: Path) -> None:
        self.machine = machine
        self.folder = folder

    def image(self, name: str, *, source: str = "", **changes: Any) -> Path:
        """An image whose scene is called `name`; `source` is added to its render.cpp."""
        voice = {key: changes.pop(key) for key in ("rate", "hop") if key in changes}
        folder = self.folder / name
        board = changes.pop("board", "bela-gem" if self.machine.kind.name == "gem" else "bela")
        made = image(
            folder,
            scene(folder / "plans", name, **voice),
            board=board,
            period=PERIOD,
            frame_rate=FRAME_RATE,
            osc_targets=(),
            osc_port=self.machine.osc_port,
            **changes,
        )
        if source:
            with (made / "render.cpp").open("a") as file:
                file.write(source)
            self.sign(made)
        return made

    def sign(self, made: Path) -> None:
        """Makes a changed image one that was built so."""
        (made / MANIFEST).unlink()
        (made / MANIFEST).write_text(manifest(made))

    def flash(
        self, name: str, *options: str, cut: str = "", patience: int = 60, **changes: Any
    ) -> subprocess.CompletedProcess[str]:
        """Makes the image `name` and flashes it; `cut` as the ssh of the machine has it."""
        made = self.image(name, **changes)
        more = {"LODESTONE_CUT": cut, "LODESTONE_PATIENCE": str(patience)}
        return self.machine.deploy("--image", made, *options, **more)

    def status(self, patience_s: float = 20.0) -> Status:
        """What the firmware answers over UDP."""
        with Board("127.0.0.1", self.machine.osc_port, patience_s) as board:
            return board.status

    def plays(self, patience_s: float = 20.0) -> str:
        """The name of the version that answers; empty: none does."""
        try:
            return self.status(patience_s).scene_name
        except BoardError:
            return ""

    def installed(self) -> str:
        """The name of the version that starts with the board, which is there as a whole."""
        return self.machine.do(
            "cd /root/Bela/projects/lodestone/ && sha256sum --quiet --check MANIFEST && test -x lodestone && "
            "awk '$1 == \"scene\" { print $3 }' board.conf"
        )

    def figures(self) -> dict[str, str]:
        """The lines of the status file by key; a board that has just started takes a second for it."""
        until = time.monotonic() + 60
        while True:
            lines = self.machine.do("cat /run/lodestone.status 2>/dev/null || true").splitlines()
            if lines or time.monotonic() > until:
                return dict(line.split(" = ", 1) for line in lines if " = " in line)
            time.sleep(0.5)

    def process(self) -> str:
        """The program that plays."""
        return self.machine.do("cat /run/bela-audio.pid")

    @contextlib.contextmanager
    def undisturbed(self) -> Iterator[None]:
        """The very program that plays before goes on playing, and starts with the board."""
        before = (self.plays(), self.installed(), self.process())
        assert before[0] == before[1] != ""
        yield
        assert (self.plays(), self.installed(), self.process()) == before

    def settle(self) -> None:
        """Waits until nothing of a deploy is at work on the board, nor about to be."""
        until = time.monotonic() + 120
        while self.machine.steps_at_work() > 0:
            assert time.monotonic() < until
            time.sleep(0.2)

    def room(self) -> int:
        """KiB free on the card."""
        return int(self.machine.do("df -Pk /root | awk 'NR == 2 { print $4 }'"))
