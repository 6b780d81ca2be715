"""Gestures and sounds that a player taught: kept in a file, brought to a playing board as a touch plan."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from calibration import Calibration
from calibration.model import CHANNELS
from errors import LodestoneError
from files import plain_file, write_bytes
from graphs.card import Card, read_card
from lodestone.board import Board
from lodestone.delivery import deliver
from lodestone.scenes import STROKES
from lodestone.settings import SceneSettings
from lodestone.voice_files import find_voice, voice_graph
from mapping import touch_graph
from mapping.arbitrariness import from_voice
from mapping.latent_statistics import latent_statistics
from mapping.taught import Taught
from model_export.compiler import compile_plan

FORMAT, VERSION = "lodestone-taught", 1
SNAPSHOTS = "snapshots"
MOST_PAIRS = 32
MOST_LATENTS = 128
_DO = "move that file away, and teach again"


Bring = Callable[[str, Sequence["Pair"]], Iterator[str]]


class TeachingError(LodestoneError):
    """What was taught cannot be kept or read."""


@dataclass(frozen=True)
class Pair:
    """A gesture and the sound that was put there.

    Attributes:
        touch: [12] in -1..1.
        latent: [Z] in the voice's own units.
    """

    touch: tuple[float, ...]
    latent: tuple[float, ...]

    @classmethod
    def of(cls, touch: object, latent: object) -> Pair:
        """From JSON. Raises TeachingError where they are no numbers, or too many."""
        return cls(
            _numbers(touch, CHANNELS, CHANNELS, "a touch"), _numbers(latent, 1, MOST_LATENTS, "a sound")
        )


def load_taught(path: Path) -> dict[str, tuple[Pair, ...]]:
    """The pairs of each scene, by its name; none where there is no such file.

    Raises:
        TeachingError: another file, or a damaged one.
    """
    try:
        document = json.loads(plain_file(path, 64 << 20).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise TeachingError(f"taught gestures in {path}", str(error)[:120], _DO) from None
    if not isinstance(document, dict) or (document.get("format"), document.get("version")) != (
        FORMAT,
        VERSION,
    ):
        raise TeachingError(f"{FORMAT} {VERSION} in {path}", "another file", _DO)
    try:
        scenes = document["scenes"].items()
        return {name: tuple(Pair.of(row["touch"], row["latent"]) for row in rows) for name, rows in scenes}
    except (KeyError, TypeError, AttributeError):
        raise TeachingError(f"taught gestures in {path}", "something else", _DO) from None


def save_taught(path: Path, taught: Mapping[str, Sequence[Pair]]) -> None:
    """Writes the file whole or not at all."""
    rows = {
        name: [{"touch": pair.touch, "latent": pair.latent} for pair in pairs]
        for name, pairs in taught.items()
    }
    write_bytes(path, json.dumps({"format": FORMAT, "version": VERSION, "scenes": rows}, indent=1).encode())


def with_snapshots(mapping: str) -> str:
    """The mapping with snapshots right behind its family, where places belong."""
    family, *shapers = mapping.split("+")
    return mapping if SNAPSHOTS in shapers else "+".join((family, SNAPSHOTS, *shapers))


def taught_touch(
    calibration: Calibration, card: Card, scene: SceneSettings, pairs: Sequence[Pair], beside: Path = Path()
) -> onnx.ModelProto:
    """The touch graph of a scene with the pairs in it.

    Raises:
        TeachingError: sounds of another voice.
        MappingError: gestures that are too near one another.
    """
    statistics = latent_statistics(card)
    for number, pair in enumerate(pairs, 1):
        if len(pair.latent) != statistics.latents:
            got = f"{len(pair.latent)} in pair {number}"
            raise TeachingError(
                f"sounds of {statistics.latents} latents", got, "forget it, and teach it again"
            )
    taught = Taught(
        np.array([pair.touch for pair in pairs]).reshape(-1, CHANNELS),
        from_voice(np.array([pair.latent for pair in pairs]).reshape(-1, statistics.latents), statistics),
    )
    mapping = with_snapshots(scene.mapping)
    strokes = scene.smoothing == STROKES
    return touch_graph(
        calibration,
        card,
        mapping,
        scene.seed,
        taught=taught,
        knobs=scene.knobs,
        beside=beside,
        strokes=strokes,
    )


def bring_taught(
    calibration: Calibration,
    host: str,
    port: int,
    scene: SceneSettings,
    beside: Path,
    pairs: Sequence[Pair],
    card: Card | None = None,
) -> Iterator[str]:
    """Sends a scene's touch with the pairs to a board, which crossfades it in; tells in words what happened.

    `card` is the voice's; it is read where None.

    Raises:
        LodestoneError: one of its family; what was in force plays on.
    """
    with Board(host, port) as board:
        card = card or voice_card(scene, beside)
        plan = compile_plan(taught_touch(calibration, card, scene, pairs, beside))
        for done in deliver(board, [(scene.name, plan)]):
            yield f"scene {done.scene} knows {len(pairs)} gestures ({done.crc})"


def voice_card(scene: SceneSettings, beside: Path) -> Card:
    """What the voice of a scene says about itself; the same in every precision."""
    with tempfile.TemporaryDirectory() as folder:
        return read_card(voice_graph(find_voice(scene.voice, beside), Path(folder)))


class Lesson:
    """The pairs of one scene: every change goes to the board first, and what it refuses is not kept.

    Args:
        file: of the pairs.
        scene: its name.
        bring: sends the pairs of a scene to the board, and tells in words what happened.

    Raises:
        TeachingError: another file, or a damaged one.
    """

    def __init__(self, file: Path, scene: str, bring: Bring) -> None:
        self._file, self.scene, self._bring = file, scene, bring
        self.pairs = load_taught(file).get(scene, ())
        self._before: list[tuple[Pair, ...]] = []

    def try_out(self, pairs: Sequence[Pair]) -> list[str]:
        """Lets the board play these without keeping them."""
        if len(pairs) > MOST_PAIRS:
            raise TeachingError(f"at most {MOST_PAIRS} gestures", f"{len(pairs)}", "forget one")
        return list(self._bring(self.scene, pairs))

    def change(self, pairs: Sequence[Pair]) -> list[str]:
        """The board plays these, and the file keeps them."""
        told = self.try_out(pairs)
        save_taught(self._file, {**load_taught(self._file), self.scene: tuple(pairs)})
        self._before.append(self.pairs)
        self.pairs = tuple(pairs)
        return told

    def keep(self, pair: Pair) -> list[str]:
        """One pair more."""
        return self.change([*self.pairs, pair])

    def forget(self, number: int) -> list[str]:
        """One pair fewer: `number` from 1, or from the end where it is negative."""
        if not self.pairs:
            raise TeachingError("a gesture to forget", "none in this scene", "teach one first")
        if number == 0 or not -len(self.pairs) <= number <= len(self.pairs):
            raise TeachingError(f"a gesture of 1 to {len(self.pairs)}", str(number), "list them")
        left = list(self.pairs)
        del left[number - 1 if number > 0 else number]
        return self.change(left)

    def undo(self) -> list[str]:
        """What was before the last change of this lesson."""
        if not self._before:
            raise TeachingError("a change to take back", "none in this lesson", "nothing was changed")
        told = self.try_out(self._before[-1])
        self.pairs = self._before.pop()
        save_taught(self._file, {**load_taught(self._file), self.scene: self.pairs})
        return told


def _numbers(value: object, least: int, most: int, what: str) -> tuple[float, ...]:
    wanted = f"{what} of {least if least == most else f'{least} to {most}'} numbers"
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise TeachingError(wanted, f"{type(value).__name__} {str(value)[:40]}", _DO)
    if not all(isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e6 for v in value):
        raise TeachingError(wanted, "something else", _DO)
    return tuple(float(v) for v in value)
