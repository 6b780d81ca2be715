"""The writers of Lodestone, as `tests.support.kills.killed` kills them."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from pathlib import Path
from unittest import mock

import files
from calibration import Calibration, load, redo, save, session, undo
from calibration.file import after, kept_files
from lodestone.image import MANIFEST, build_image, manifest
from tests.support.plain_board import plain_calibration
from tests.support.tiny import scene

FILE = "a.calibration.json"
OLD, NEW = "the old one\n" * 400, "a new one\n" * 500


class WriteText:
    """`write_text` over a file."""

    def prepare(self, folder: Path) -> None:
        (folder / "a.plan").write_text(OLD)

    def act(self, folder: Path) -> None:
        files.write_text(folder / "a.plan", NEW)

    def judge(self, folder: Path, ended: bool) -> None:
        assert (folder / "a.plan").read_text() in ((NEW,) if ended else (OLD, NEW))


class WriteKept:
    """`write_kept` where two are kept already."""

    def prepare(self, folder: Path) -> None:
        for text in ("1", "2", "3"):
            files.write_kept(folder / "c.json", text, kept=9)

    def act(self, folder: Path) -> None:
        files.write_kept(folder / "c.json", "4", kept=9)

    def judge(self, folder: Path, ended: bool) -> None:
        now = (folder / "c.json").read_text()
        kept = [p.read_text() for n in range(1, 10) if (p := files.kept_path(folder / "c.json", n)).exists()]
        assert now in (("4",) if ended else ("3", "4"))
        # Nothing is lost; after a kill the one in force may be kept already as well.
        whole = [now, *kept] if not kept or kept[0] != now else kept
        assert whole == (["4", "3", "2", "1"] if now == "4" else ["3", "2", "1"]), whole


class TakeBack:
    """`take_back` where two are kept."""

    def prepare(self, folder: Path) -> None:
        for text in ("1", "2", "3"):
            files.write_kept(folder / "c.json", text, kept=9)
        self.wanted = "2"

    def act(self, folder: Path) -> None:
        path = folder / "c.json"
        if path.read_text() == "3":
            files.take_back(path, 9, lambda previous: previous.read_text())

    def judge(self, folder: Path, ended: bool) -> None:
        now = (folder / "c.json").read_text()
        assert now in (("2",) if ended else ("3", "2"))
        kept = [p.read_text() for n in range(1, 10) if (p := files.kept_path(folder / "c.json", n)).exists()]
        assert kept == (["1"] if now == "2" else ["2", "1"])
        if now == "2":
            assert (folder / "c.json.undone").read_text() == "3"


class Calibrations:
    """Four evenings of one board beside each other; the names of those that are kept there."""

    evenings: tuple[str, ...] = ("1", "2", "3")

    def __init__(self) -> None:
        made = plain_calibration()
        self.made = {name: dataclasses.replace(made, magnet_set=name) for name in "1234"}

    def prepare(self, folder: Path) -> None:
        for name in self.evenings:
            save(self.made[name], folder / FILE)

    def kept(self, folder: Path) -> tuple[str, set[str]]:
        """Which one is in force, and all that are there."""
        every = {load(path).magnet_set for path in kept_files(folder / FILE)}
        return load(folder / FILE).magnet_set, every


class Calibrate(Calibrations):
    """`lodestone calibrate` from the first step to the file, its steps and its fit made before."""

    def act(self, folder: Path) -> None:
        def made(*_: object, **__: object) -> Calibration:
            return self.made["4"]

        steps = mock.patch.multiple("calibration.session", record=made, fit=made)
        with steps, contextlib.suppress(AssertionError):  # a plain calibration has no figures to return
            session.calibrate(lambda _: contextlib.nullcontext(), session.Silent(), folder / FILE)

    def judge(self, folder: Path, ended: bool) -> None:
        force, every = self.kept(folder)
        assert force in (("4",) if ended else ("3", "4"))
        assert every == {"1", "2", "3"} | {force}


class Undo(Calibrations):
    """`lodestone calibration undo`."""

    def act(self, folder: Path) -> None:
        if load(folder / FILE).magnet_set == "3":
            undo(folder / FILE)

    def judge(self, folder: Path, ended: bool) -> None:
        force, every = self.kept(folder)
        assert force in (("2",) if ended else ("3", "2"))
        assert every == {"1", "2", "3"}
        if force == "2":
            assert after(folder / FILE).magnet_set == "3"


class Redo(Calibrations):
    """`lodestone calibration redo` after two undos."""

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        undo(folder / FILE)
        undo(folder / FILE)

    def act(self, folder: Path) -> None:
        if load(folder / FILE).magnet_set == "1" or after(folder / FILE).magnet_set == "2":
            redo(folder / FILE)

    def judge(self, folder: Path, ended: bool) -> None:
        force, every = self.kept(folder)
        assert force in (("2",) if ended else ("1", "2"))
        assert every == {"1", "2", "3"}


class FreshFolder:
    """`fresh_folder` over a folder."""

    def prepare(self, folder: Path) -> None:
        self._fill(folder, OLD)

    def act(self, folder: Path) -> None:
        self._fill(folder, NEW)

    def _fill(self, folder: Path, text: str) -> None:
        with files.fresh_folder(folder / "image") as fresh:
            (fresh / "plans").mkdir()
            (fresh / "plans" / "a").write_text(text)
            (fresh / "b").write_text(text)

    def judge(self, folder: Path, ended: bool) -> None:
        found = {(folder / "image" / name).read_text() for name in ("plans/a", "b")}
        assert found in ([{NEW}] if ended else [{OLD}, {NEW}])


class BuildImage:
    """The whole of `build_image` over an earlier image; every few of its hundreds of operations."""

    stride = 41

    def __init__(self) -> None:
        self._plans = tempfile.TemporaryDirectory()
        plans = Path(self._plans.name)
        self.old, self.new = scene(plans, "old"), scene(plans, "new")

    def prepare(self, folder: Path) -> None:
        build_image(folder / "image", [self.old])

    def act(self, folder: Path) -> None:
        build_image(folder / "image", [self.new])

    def judge(self, folder: Path, ended: bool) -> None:
        made = folder / "image"
        assert (made / MANIFEST).read_text() == manifest(made)  # whole, and nothing beside it
        names = {
            line.split()[2] for line in (made / "board.conf").read_text().splitlines() if "scene =" in line
        }
        assert names in ([{"new"}] if ended else [{"old"}, {"new"}])
