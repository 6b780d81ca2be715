"""Everything that is made of a shipped voice out of its packed `.ts`: `lodestone voices NAME --build DIR`."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from files import write_bytes, write_text
from graphs.card import read_card
from graphs.player import FloatArray, GraphPlayer
from lodestone.perform import Performance, perform
from lodestone.voice_files import Progress
from model_export.compiler import compile_plan
from model_export.compiler.fit import fit
from model_export.export import write_model
from model_export.quantise import quantise
from model_export.quantise.heard_inputs import Arrays, latent_walk
from voices import atlas
from voices.catalogue import Voice
from voices.players import graph_player
from voices.voice_graph import SEARCH_DB, export_voice

BOARD = "bela"
# What holds is measured on other and more walks than those of the search.
WALK_SEEDS = range(101, 107)
WALK_FRAMES, SETTLING_FRAMES = 48, 8


@dataclass(frozen=True)
class Figures:
    """What a voice costs, and what it loses in 8 bits.

    Attributes:
        delay_ms: of the model itself.
        load, load_w8a16: least and most share of one core of a Bela, by the model behind `lodestone fit`.
        snr_db: power of the exact sound against power of what 8-bit weights and 16-bit activations change,
            over `WALK_SEEDS` walks through the latents.
    """

    delay_ms: float
    load: tuple[float, float]
    load_w8a16: tuple[float, float]
    snr_db: float


@dataclass(frozen=True)
class Graphs:
    """A voice in both precisions, for ONNX Runtime and as plans."""

    exact: onnx.ModelProto
    narrow: onnx.ModelProto
    exact_plan: bytes
    narrow_plan: bytes


def make_graphs(voice: Voice, progress: Progress = lambda _: None) -> Graphs:
    """Exports, quantises and compiles a voice."""
    progress("exporting")
    exact = export_voice(voice.path)
    narrow = quantise(exact, "w8a16", SEARCH_DB, progress=progress).model
    progress("compiling")
    return Graphs(exact, narrow, compile_plan(exact), compile_plan(narrow))


def measure(graphs: Graphs) -> Figures:
    """The figures of a voice, each from the graphs themselves."""
    loads = [fit(plan, BOARD).load for plan in (graphs.exact_plan, graphs.narrow_plan)]
    ends = [(load.low, load.high) for load in loads]
    return Figures(read_card(graphs.exact).delay_ms, ends[0], ends[1], signal_to_noise(graphs))


def signal_to_noise(graphs: Graphs) -> float:
    """In dB, over all walks together; the first frames of each, in which caches fill, are left out."""
    players = GraphPlayer(graphs.exact), GraphPlayer(graphs.narrow)
    signal = noise = 0.0
    for seed in WALK_SEEDS:
        feeds = latent_walk(graphs.exact, WALK_FRAMES, seed)
        wanted, played = (_sound(player, feeds) for player in players)
        signal += float(np.square(wanted, dtype=np.float64).sum())
        noise += float(np.square(wanted - played, dtype=np.float64).sum())
    return float(10 * np.log10(signal / noise))


def _sound(player: GraphPlayer, feeds: list[Arrays]) -> FloatArray:
    """What it plays from its first state on, without the frames in which caches fill."""
    player.reset()
    return np.concatenate([player.run(feed)["audio"] for feed in feeds][SETTLING_FRAMES:], axis=-1)


def build(
    voice: Voice, folder: Path, seconds: float = 20.0, progress: Progress = lambda _: None
) -> tuple[Figures, dict[str, Path]]:
    """Writes all that is made of a voice into `folder`; returns its figures, and the files by what they are.

    Args:
        voice: one that ships.
        folder: made if it is not there.
        seconds: length of the performance on the simulated board.
        progress: told one short line at each stage.

    Raises:
        LodestoneError: one of its family, for a damaged file or a place that cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    name = voice.name
    files = {
        "TorchScript, for nn~": folder / f"{name}.ts",
        "ONNX, 32 bits": folder / f"{name}.onnx",
        "ONNX, w8a16": folder / f"{name}-w8a16.onnx",
        "plan, 32 bits": folder / f"{name}.plan",
        "plan, w8a16": folder / f"{name}-w8a16.plan",
        "card": folder / f"{name}.card.json",
        "atlas": folder / f"{name}.atlas.png",
        "performance": folder / f"{name}.wav",
    }
    torchscript, exact, narrow, exact_plan, narrow_plan, card, picture, sound = files.values()
    write_bytes(torchscript, voice.torchscript())
    graphs = make_graphs(voice, progress)
    write_model(graphs.exact, exact)
    write_model(graphs.narrow, narrow)
    write_bytes(exact_plan, graphs.exact_plan)
    write_bytes(narrow_plan, graphs.narrow_plan)
    write_text(card, read_card(graphs.exact).to_json() + "\n")
    progress("measuring")
    figures = measure(graphs)
    progress("surveying the latents")
    atlas.draw(survey(voice, graphs.exact), name, picture)
    progress("playing it on the simulated board")
    record_performance(narrow, sound, seconds)
    return figures, files


def survey(voice: Voice, graph: onnx.ModelProto) -> atlas.Atlas:
    """What each latent of a voice does."""
    mean, std = voice.mean.astype(float), voice.std.astype(float)
    return atlas.survey(graph_player(graph), mean, std, voice.sample_rate)


def record_performance(graph: Path, sound: Path, seconds: float) -> None:
    """A performance of `lodestone play` with the voice of a graph; only the sound is kept."""
    options: dict[str, Any] = {"calibration": None, "mapping": "rotate", "gesture": "first-sound"}
    with tempfile.TemporaryDirectory(prefix="lodestone-") as scratch:
        wanted = Performance(Path(scratch), voice=str(graph), seconds=seconds, seed=1, live=False, **options)
        write_bytes(sound, perform(wanted).files["sound"].read_bytes())
