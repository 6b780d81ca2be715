"""How well a voice gives back recordings that it never heard, beside what costs nothing.

    .venv-training/bin/python -m training.held_out SETTINGS.toml --sounds FOLDER --run FOLDER

Prints, over the first seconds of every held-out recording: the multi-scale spectral distance (2048, 512,
128 points, what
lies 94 dB below a full-scale tone is hiss) and the mean error of loudness, for the voice, for the same
network before its
first step, for the nearest half-seconds of the training pasted together (by mel spectrum), for silence, and
for any other RAVE file, whose own encoder is used.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch

import model_export
from graphs.player import GraphPlayer
from model_export.encoder import BLOCK_FRAMES, Encoder, encoder_graph
from training import losses, recordings
from training.batches import fit_start
from training.command import one_line
from training.export import load, rounded
from training.network import Voice
from training.recordings import Take
from training.settings import Settings

SCALES = (2048, 512, 128)
SECONDS = 4.0
HALF = 22050
FILTER_BANK_DELAY = 528  # of upstream's causal analysis and synthesis together, samples
Audio = npt.NDArray[np.float32]
Rebuild = Callable[[Audio], Audio]


def figures(takes: list[Take], rebuild: Rebuild) -> dict[str, float]:
    """`distance`, `loudness_db` (mean error) and `high_db` (energy above 8 kHz against the recordings', each
    as a share of its whole), means over the takes but of energies, which are summed; `rebuild` gives sound of
    the same time.
    """
    total, high = np.zeros(2), np.zeros(4)
    for take in takes:
        x = take.audio[: int(SECONDS * recordings.RATE) // 2048 * 2048]
        y = rebuild(x)
        count = min(len(x), len(y))
        a, b = (torch.from_numpy(np.ascontiguousarray(s[:count]))[None] for s in (x, y))
        total += losses.distance(a, b, SCALES).item(), 10 * losses.loudness(a, b).item()
        high += (*_energies(x[:count]), *_energies(y[:count]))
    share = [10 * np.log10((part + 1e-9) / (whole + 1e-9)) for part, whole in (high[:2], high[2:])]
    mean = total / len(takes)
    told = {"distance": mean[0], "loudness_db": mean[1], "high_db": share[1] - share[0]}
    return {key: round(float(value), 3) for key, value in told.items()}


def _energies(sound: Audio) -> tuple[float, float]:
    """(above 8 kHz, all)."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    edge = int(8000 / recordings.RATE * len(sound))
    return float(power[edge:].sum()), float(power.sum())


def by_voice(voice: Voice) -> Rebuild:
    """Through our encoder and decoder."""

    def rebuild(x: Audio) -> Audio:
        hop = voice.decoder.shape.hop
        whole = torch.from_numpy(x[: len(x) // hop * hop])[None]
        return voice.reconstruct(whole)[0, voice.delay :].numpy()

    return rebuild


def by_pasting(voice: Voice, takes: list[Take]) -> Rebuild:
    """The nearest half-seconds of the training, end to end."""
    pieces = [take.audio[s : s + HALF] for take in takes for s in range(0, len(take.audio) - HALF, HALF)]

    def look(piece: Audio) -> npt.NDArray[np.float32]:
        loud, shape = voice.encoder.features(torch.from_numpy(piece)[None], voice.delay)
        seen = torch.cat([shape[0], loud[0, None] / 10])
        return torch.nn.functional.adaptive_avg_pool1d(seen[None], 4)[0].flatten().numpy()

    looks = np.stack([look(piece) for piece in pieces])

    def rebuild(x: Audio) -> Audio:
        out = []
        for start in range(0, len(x), HALF):
            part = np.pad(x[start : start + HALF], (0, max(0, start + HALF - len(x))))
            out.append(pieces[int(np.square(looks - look(part)).sum(1).argmin())])
        return np.concatenate(out)[: len(x)]

    return rebuild


def by_file(path: Path) -> Rebuild:
    """Through the encoder and the decoder of any RAVE file."""
    encoder = Encoder(encoder_graph(path)).player
    model = model_export.export(path)
    player = GraphPlayer(model)
    card = player.card
    assert card is not None

    def rebuild(x: Audio) -> Audio:
        encoder.reset()
        player.reset()
        size = BLOCK_FRAMES * card.hop
        out = []
        for start in range(0, len(x) - size + 1, size):
            z = encoder.run({"audio": x[None, None, start : start + size]})["latent"]
            out += [player.run({"latent": z[:, :, k : k + 1]})["audio"][0, 0] for k in range(z.shape[2])]
        return np.concatenate(out)[FILTER_BANK_DELAY:]

    return rebuild


def rebuilders(
    settings: Settings, voice: Voice, takes: list[Take], against: Sequence[Path] = ()
) -> dict[str, Rebuild]:
    """The voice and what it is set beside, by name."""
    known = [take for take in takes if not take.recording.held_out]
    torch.manual_seed(settings.seed)
    fresh = Voice(settings.network, settings.living, settings.training.posterior)
    fit_start(fresh, known, settings)
    rows: dict[str, Rebuild] = {
        settings.name: by_voice(voice),
        "before its first step": by_voice(fresh.eval()),
        "nearest training half-seconds": by_pasting(voice, known),
        "silence": lambda x: np.zeros_like(x),
    }
    return rows | {path.name: by_file(path) for path in against}


@torch.no_grad()
def write_sounds(folder: Path, takes: list[Take], rows: Mapping[str, Rebuild]) -> None:
    """`TAKE.original.wav` and `TAKE.FORM.wav` of every held-out take, for `voices.listen`."""
    folder.mkdir(parents=True, exist_ok=True)
    for take in takes:
        if not take.recording.held_out:
            continue
        x = take.audio[: int(SECONDS * recordings.RATE) // 2048 * 2048]
        sounds = {"original": x} | {form: rebuild(x) for form, rebuild in rows.items() if form != "silence"}
        for form, sound in sounds.items():
            path = folder / f"{Path(take.recording.file).stem}.{form.replace('.', '-')}.wav"
            soundfile.write(path, sound, recordings.RATE)


def table(
    settings: Settings, voice: Voice, takes: list[Take], against: Sequence[Path] = ()
) -> dict[str, dict[str, float]]:
    """`figures` of the voice, of the same network before its first step, of the nearest half-seconds of the
    training, of silence and of other files, on the held-out takes.
    """
    held = [take for take in takes if take.recording.held_out]
    rows = rebuilders(settings, voice, takes, against)
    with torch.no_grad():
        return {name: figures(held, rebuild) for name, rebuild in rows.items()}


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.held_out", description="Sound that was never trained on.")
    parser.add_argument("settings", type=Path)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--checkpoint", default="best.pt", help="a file of the run folder")
    parser.add_argument("--against", type=Path, nargs="*", default=[], help="RAVE files (.ts, .ts.xz)")
    parser.add_argument("--sounds-to", type=Path, help="folder of a voice for python -m voices.listen")
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings.load(options.settings)
    takes = recordings.read(options.sounds)
    voice = rounded(load(settings, options.run, options.checkpoint))
    for name, found in table(settings, voice, takes, options.against).items():
        print(
            f"{name:32} distance {found['distance']:5.2f}   loudness error {found['loudness_db']:5.2f} dB"
            f"   above 8 kHz {found['high_db']:+5.1f} dB",
            flush=True,
        )
    if options.sounds_to is not None:
        write_sounds(options.sounds_to, takes, rebuilders(settings, voice, takes, options.against))


if __name__ == "__main__":
    main()
