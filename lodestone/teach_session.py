"""What a lesson needs: the board, the scene that plays on it, its calibration, voice and taught gestures."""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pythonosc.osc_message import OscMessage

import calibration
from definitions.osc import named
from lodestone.board import Board
from lodestone.live.prepare import SETTINGS
from lodestone.settings import SceneSettings, load_settings
from lodestone.sound_choice import Choice
from lodestone.teach_desk import TeachDesk, no_encoder
from lodestone.teaching import Lesson, Pair, TeachingError, bring_taught, voice_card
from lodestone.voice_files import find_encoder, find_voice, voice_graph
from mapping.latent_statistics import latent_statistics
from model_export.corpus import MAX_SECONDS, read_mono
from model_export.encoder import Encoder

LISTEN_S = 0.3
"""So long the hand is listened to; the middle of what it did counts."""
LIVE = Path("out/live")


def open_desk(address: str | None, port: int, settings: Path, live: bool, file: Path, seed: int) -> TeachDesk:
    """A desk for the scene that plays.

    Args:
        address: of the board; None: the usual ones.
        port: where it listens.
        settings: the `instrument.toml` that the board was built from.
        live: it is `lodestone live` without settings, started in this folder.
        file: of what is taught.
        seed: of the sounds that are drawn.

    Raises:
        LodestoneError: one of its family.
    """
    with Board(address, port) as board:
        host, plays = board.address, board.status.scene_name
    settings = _live_settings() if live else settings
    scene, beside = _scene(settings, plays), settings.parent
    made = calibration.load(beside / scene.calibration)
    card = voice_card(scene, beside)

    def bring(_: str, pairs: Sequence[Pair]) -> Iterator[str]:
        return bring_taught(made, host, port, scene, beside, pairs, card)

    return TeachDesk(
        Lesson(file, scene.name, bring),
        Choice(latent_statistics(card), seed),
        lambda: heard_now(host, port, scene.name),
        functools.partial(_axis, scene, beside),
        functools.partial(_encoded, scene, beside, card.latents),
    )


def heard_now(host: str, port: int, scene: str) -> Pair:
    """Touch and latents while the hand holds still.

    Raises:
        TeachingError: another scene plays by now, or the board does not tell.
    """
    touches: list[Sequence[float]] = []
    latents: list[Sequence[float]] = []
    with Board(host, port) as board:
        if board.status.scene_name != scene:
            raise TeachingError(f"scene {scene}", board.status.scene_name, "go back to it, or begin anew")
        for message in board.hear(LISTEN_S):
            if (touch := _numbers(message, "/touch", "touch")) is not None:
                touches.append(touch)
            if (latent := _numbers(message, "/latent", "latent")) is not None:
                latents.append(latent)
    return middle(touches, latents)


def middle(touches: Sequence[Sequence[float]], latents: Sequence[Sequence[float]]) -> Pair:
    """The middle of what the board told, each in as many numbers as most of its packets had.

    Raises:
        TeachingError: it told none.
    """
    if not touches or not latents:
        raise TeachingError("touch and latents of the board", "none", "put both into osc.streams")
    return Pair(*(tuple(float(f"{value:.6g}") for value in _median(rows)) for rows in (touches, latents)))


def _median(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    usual = statistics.mode(len(row) for row in rows)
    return np.asarray(np.median(np.array([row for row in rows if len(row) == usual]), axis=0))


def _numbers(message: OscMessage, address: str, field: str) -> Sequence[float] | None:
    """The numbers of a message to `address`; None where it is another, or one of them is none."""
    found = named(address, message.params) if message.address == address else None
    if found is None or not found[field]:
        return None
    row: Sequence[float] = found[field]
    return row if all(map(math.isfinite, row)) else None


def _scene(settings: Path, plays: str) -> SceneSettings:
    scenes = load_settings(settings).scenes
    found = next((scene for scene in scenes if scene.name == plays), None)
    if found is None:
        known = ", ".join(scene.name for scene in scenes)
        raise TeachingError(f"the scene that plays in {settings}", f"{plays!r}, there {known}",
                            "give the settings that this board was built from, or --live")  # fmt: skip
    return found


def _live_settings() -> Path:
    """What `lodestone live` without settings left of its scenes."""
    path = LIVE / SETTINGS
    if not path.is_file():
        raise TeachingError(f"what plays in {path}", "no such file", "start `lodestone live` in this folder")
    return path


@functools.cache
def _axis(scene: SceneSettings, beside: Path, word: str) -> int:
    from voices.atlas_words import WORDS, axis_of, survey_graph

    if word not in WORDS:
        raise TeachingError(f"a latent's number, or one of {', '.join(WORDS)}", word, "choose one of them")
    graph = voice_graph(find_voice(scene.voice, beside), Path("out/voices"))
    return axis_of(survey_graph(graph), word) + 1


def _encoded(
    scene: SceneSettings, beside: Path, latents: int, file: str, second: float | None
) -> Sequence[float]:
    """The latents [Z] of a recording by the encoder of the scene's voice.

    Raises:
        TeachingError: the voice has no encoder, or one of other latents.
        ExportError: the recording cannot be read, is silent or too short.
    """
    encoder = _encoder(scene.voice, beside)
    if encoder is None:
        return no_encoder(file, second)
    if encoder.card.latents < latents:
        got = f"one of {encoder.card.latents}"
        raise TeachingError(f"an encoder of {latents} latents", got, "export voice and encoder together")
    sound = read_mono(Path(file), encoder.card.sample_rate, MAX_SECONDS)
    return [float(value) for value in encoder.place(sound, second)[:latents]]


@functools.cache
def _encoder(voice: str, beside: Path) -> Encoder | None:
    return find_encoder(voice, beside)
