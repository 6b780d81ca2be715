"""From a training to a voice: averaged weights laid out as a streaming graph, with its card.

    .venv-training/bin/python -m training.export SETTINGS.toml --sounds out/sounds/glass \
        --run out/runs/glass -o glass.onnx

The graph follows the project's conventions: `latent` [1, Z, 1] in, `audio` [1, 1, hop] out, every past as
`state.K` and
`next.K`, every draw as `noise.K`; clocks and the walk of the latents are states like the others. It is
verified against PyTorch before it is written.
"""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch

from files import write_bytes
from graphs.card import Card, LatentStatistics, attach_card
from graphs.player import GraphPlayer
from model_export.graph import Graph, totals
from model_export.graph.fold import folded
from model_export.graph.modulated import with_fast_banks
from model_export.graph.onnx_writer import initial_states, to_onnx
from model_export.step_response import response
from model_export.verify import make_reference, verify
from training import golden, recordings
from training.command import one_line
from training.errors import TrainingError
from training.layout import voice_graph
from training.network import Voice
from training.recordings import Take
from training.rounding import on_grid
from training.settings import Settings

PROBABILITIES = np.array(
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.99], np.float32
)
AGREES = 1e-5
HEARD_DB = -50.0
"""Frames that are softer do not count: they would draw a player's range towards silence."""


def load(settings: Settings, run: Path, which: str = "best.pt") -> Voice:
    """The averaged weights of a run.

    Raises:
        TrainingError: no such checkpoint, or one of another network.
    """
    path = run / which
    if not path.is_file():
        raise TrainingError(f"a training's {path}", "no such file", "train for some minutes first")
    voice = Voice(settings.network, settings.living, settings.training.posterior)
    saved = torch.load(path, map_location="cpu", weights_only=True)
    try:
        voice.load_state_dict(saved["average"])
    except (RuntimeError, KeyError):
        raise TrainingError(
            f"a checkpoint of these settings at {path}",
            "one of another network",
            "name the run's own settings",
        ) from None
    return voice.eval()


@torch.no_grad()
def statistics(
    voice: Voice, takes: list[Take], gain_range_db: float
) -> tuple[LatentStatistics, npt.NDArray[np.float32]]:
    """How the recordings spread the latents around rest, and where rest lies: the median of every latent.

    Levels are those of training; what is silent is left out.
    """
    rows = []
    for index, take in enumerate(takes):
        gain = 10 ** (-gain_range_db * (index % 4) / 3 / 20)
        x = torch.from_numpy(take.audio * np.float32(gain))[None]
        loud = voice.encoder.features(x, voice.delay)[0][0]
        rows.append(voice.latents(x)[0][:, loud > HEARD_DB].T.numpy())
    z = np.concatenate(rows)
    rest = np.median(z, axis=0)
    off = z - rest
    quantiles = np.quantile(off, PROBABILITIES, axis=0).T
    quantiles[:, len(PROBABILITIES) // 2] = 0.0
    spread = LatentStatistics(
        "corpus",
        np.zeros(z.shape[1], np.float32),
        off.std(0).astype(np.float32),
        PROBABILITIES,
        quantiles.astype(np.float32),
    )
    return spread, rest.astype(np.float32)


def rounded(voice: Voice) -> Voice:
    """The voice with weights on the grid of 8 bits."""
    state = voice.decoder.state_dict()
    grid = on_grid({name: value.numpy() for name, value in state.items()})
    voice.decoder.load_state_dict({name: torch.from_numpy(value) for name, value in grid.items()})
    return voice


def laid_out(
    settings: Settings, voice: Voice, rest: npt.NDArray[np.float32], gain: float
) -> tuple[Graph, dict[str, npt.NDArray[np.float32]]]:
    """The graph as it is written down, and the weights in it."""
    weights = {name: value.numpy() for name, value in voice.decoder.state_dict().items()}
    return voice_graph(settings, weights, rest, gain, voice.rate), weights


def draft(
    settings: Settings, voice: Voice, spread: LatentStatistics, rest: npt.NDArray[np.float32]
) -> onnx.ModelProto:
    """The voice as it sounds, with a card that only a player needs: to find its level by."""
    graph, _ = laid_out(settings, voice, rest, 1.0)
    model = to_onnx(with_fast_banks(folded(graph)), settings.name)
    attach_card(model, _card(settings, voice, graph, spread, ""))
    return model


def export(
    settings: Settings,
    voice: Voice,
    spread: LatentStatistics,
    rest: npt.NDArray[np.float32],
    gain: float = 1.0,
) -> onnx.ModelProto:
    """The voice as ONNX with its card, verified against PyTorch and its own reference run.

    Its weights are those of `voice`, which `rounded` brings to the grid of 8 bits.
    """
    exact, weights = laid_out(settings, voice, rest, gain)
    final = with_fast_banks(folded(exact))
    digest = hashlib.sha256(b"".join(weights[name].tobytes() for name in sorted(weights))).hexdigest()
    card = _costed(_card(settings, voice, final, spread, digest), final)
    model = to_onnx(final, settings.name)
    attach_card(model, card)
    agree(voice, model, rest, gain)
    step = response(model)
    card = replace(
        card,
        delay_samples=round(step.half * voice.rate / 1000),
        step_ms=tuple(round(part, 1) for part in (step.tenth, step.half, step.most)),
    )
    plain = to_onnx(exact, settings.name)
    attach_card(plain, card)  # it tells where the clocks start
    card = replace(card, reference=make_reference(GraphPlayer(plain, lean=True), card))
    attach_card(model, card)
    verify(model, card)
    return model


def _card(settings: Settings, voice: Voice, graph: Graph, spread: LatentStatistics, digest: str) -> Card:
    return Card(
        kind="voice",
        name=settings.name,
        latents=settings.network.latents,
        sample_rate=voice.rate,
        hop=settings.network.hop,
        frames=1,
        channels=1,
        source_sha256=digest,
        latent=spread,
        noise={f"noise.{k}": (draw.distribution, draw.value.shape) for k, draw in enumerate(graph.draws)},
        initial_state=initial_states(graph),
    )


def _costed(card: Card, graph: Graph) -> Card:
    per_second = totals.multiplications(graph) * card.sample_rate / card.hop
    return replace(
        card,
        parameters=totals.parameters(graph),
        macs_per_second=round(per_second),
        state_bytes=totals.state_bytes(graph),
        initial_state=initial_states(graph),
    )


def agree(
    voice: Voice, model: onnx.ModelProto, rest: npt.NDArray[np.float32], gain: float, frames: int = 24
) -> float:
    """Largest difference between the graph, frame by frame, and PyTorch at once, as a share of the peak.

    Raises:
        TrainingError: when it is more than `AGREES`: the graph would be another instrument.
    """
    wanted = golden.take(voice, rest, gain, frames)
    stream, got = GraphPlayer(model), []
    for k in range(frames):
        draws = {f"noise.{n}": wanted[f"t1.noise.{n}"][k] for n in range(wanted["t1.kinds"].size)}
        got.append(stream.run({"latent": wanted["t1.z"][k], **draws})["audio"][0])
    error = float(np.abs(np.stack(got) - wanted["t1.audio"]).max() / np.abs(wanted["t1.audio"]).max())
    if not error <= AGREES:
        got_text = f"{error:.1e} of the peak"
        raise TrainingError(f"the graph within {AGREES:.0e} of PyTorch", got_text, "report these settings")
    return error


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.export", description="A training as an ONNX voice.")
    parser.add_argument("settings", type=Path)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--checkpoint", default="best.pt", help="a file of the run folder")
    parser.add_argument("--gain-db", type=float, default=0.0, help="raises or lowers the whole voice")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings.load(options.settings)
    voice = rounded(load(settings, options.run, options.checkpoint))
    takes = [take for take in recordings.read(options.sounds) if not take.recording.held_out]
    spread, rest = statistics(voice, takes, settings.training.gain_range_db)
    model = export(settings, voice, spread, rest, 10 ** (options.gain_db / 20))
    write_bytes(options.output, model.SerializeToString())
    print(f"{options.output}: {options.output.stat().st_size} bytes")


if __name__ == "__main__":
    main()
