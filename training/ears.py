"""Teaches an encoder what a voice sounds like: from the lessons that the voice itself played.

    .venv-training/bin/python -m training.ears RUN [--minutes 2]

RUN is the folder of a `lodestone distil` of that voice: its lessons are latents and the sound that the voice
made of them. A small network learns the way back, under noises, filters and levels that no lesson has: it is
to find the nearest sound of the voice for what a player recorded. Its weights go to `RUN/ears.npz`, which
`training.ship_ears` makes an encoder of.
"""

from __future__ import annotations

import argparse
import io
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from files import write_bytes
from graphs.card import load_onnx, read_card
from training import course, hearing
from training.command import one_line
from training.lessons import HELD_OUT, Lessons

HIDDEN = 96
BATCH, FRAMES = 24, 48
RATE, DECAY = 2e-3, 1e-3
REPORT_STEPS = 200
BEND, FLOOR_DB = 0.5, (-75.0, -35.0)
"""Of what is done to sound while it learns: how far a filter bends bands (e-folds), how loud a noise is."""


class Ears(nn.Module):
    """Features [B, 1 + MELS, T + CONTEXT] to latents [B, Z, T] in their own spread."""

    def __init__(self, latents: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(1 + hearing.MELS, HIDDEN, hearing.TAPS)
        self.second = nn.Conv1d(HIDDEN, HIDDEN, hearing.TAPS)
        self.last = nn.Conv1d(HIDDEN, latents, 1)

    def forward(self, x: Tensor) -> Tensor:
        """As above."""
        for layer in (self.first, self.second):
            x = functional.leaky_relu(layer(x), hearing.SLOPE)
        made: Tensor = self.last(x)
        return made


class Teaching:
    """The lessons of a run as features and latents, and the network that learns them."""

    def __init__(self, run: Path, seed: int = 1) -> None:
        told, card = course.read(run), read_card(load_onnx(run / "teacher.onnx"))
        assert card.latent is not None
        self.run, self.random = run, np.random.default_rng(seed)
        self.hop, self.latents = told.settings.network.hop, told.settings.network.latents
        self.spread = np.maximum(np.asarray(card.latent.std, np.float32), 1e-6)
        lessons = Lessons(None, self.hop, run / "lessons", told.own_delay)
        self.mels, self.wanted = [], []
        late = hearing.late_frames(self.hop)
        for number in range(told.lessons):
            lesson = lessons.lesson(number)
            mel = hearing.mel_powers(lesson.sound, self.hop, told.rate)
            z = lesson.latents[: len(mel)] / self.spread
            self.mels.append(mel[late:])
            self.wanted.append(z[: len(mel) - late])
        flat = np.concatenate([hearing.features(mel) for mel in self.mels[HELD_OUT:]])
        self.mean, self.std = flat.mean(0), flat.std(0) + 1e-3
        torch.manual_seed(seed)
        self.ears = Ears(self.latents)

    def batch(self) -> tuple[Tensor, Tensor]:
        """Standard features [B, 1 + MELS, F + CONTEXT], bent and noisy, and latents [B, Z, F]."""
        random, given, wanted = self.random, [], []
        for _ in range(BATCH):
            lesson = int(random.integers(HELD_OUT, len(self.mels)))
            mel, z = self.mels[lesson], self.wanted[lesson]
            start = int(random.integers(0, len(mel) - FRAMES - hearing.CONTEXT + 1))
            piece = mel[start : start + FRAMES + hearing.CONTEXT]
            bend = np.interp(
                np.arange(hearing.MELS), np.linspace(0, hearing.MELS, 5), random.normal(0, BEND, 5)
            )
            hiss = 10 ** (random.uniform(*FLOOR_DB) / 10) / hearing.MELS
            given.append(self.standard(piece * np.exp(bend - bend.mean()) + hiss))
            wanted.append(z[start + hearing.CONTEXT : start + FRAMES + hearing.CONTEXT].T)
        return torch.from_numpy(np.stack(given)), torch.from_numpy(np.stack(wanted))

    def standard(self, mel: np.ndarray) -> np.ndarray:
        """Features [1 + MELS, T] of unit spread."""
        return np.asarray((hearing.features(mel) - self.mean) / self.std, np.float32).T

    @torch.no_grad()
    def held_out(self) -> float:
        """Mean square error in sigma^2 on the lessons that are never learnt from."""
        total = []
        for mel, z in zip(self.mels[:HELD_OUT], self.wanted[:HELD_OUT], strict=True):
            found = self.ears(torch.from_numpy(self.standard(mel)[None]))[0].T.numpy()
            total.append(np.square(found - z[hearing.CONTEXT :]).mean())
        return float(np.mean(total))

    def train(self, minutes: float) -> None:
        """For so long of the processor; what is best by held-out lessons is kept."""
        optimizer = torch.optim.AdamW(self.ears.parameters(), RATE, weight_decay=DECAY)
        start, step, best = time.process_time(), 0, np.inf
        kept = {name: value.clone() for name, value in self.ears.state_dict().items()}
        while (gone := (time.process_time() - start) / (60 * minutes)) < 1.0:
            for group in optimizer.param_groups:
                group["lr"] = RATE * (0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * gone)))
            given, wanted = self.batch()
            loss = functional.smooth_l1_loss(self.ears(given), wanted)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            step += 1
            if step % REPORT_STEPS == 0 and (error := self.held_out()) < best:
                best = error
                kept = {name: value.clone() for name, value in self.ears.state_dict().items()}
                print(f"step {step}  loss {loss.item():.3f}  held out {best:.3f}", flush=True)
        self.ears.load_state_dict(kept)

    def write(self) -> Path:
        """`ears.npz`: weights that hear plain features and give latents in the voice's own units."""
        weights = {name: value.numpy().astype(np.float64) for name, value in self.ears.state_dict().items()}
        first = weights["first.weight"] / self.std[None, :, None]
        weights["first.bias"] = weights["first.bias"] - (first * self.mean[None, :, None]).sum((1, 2))
        weights["first.weight"] = first
        weights["last.weight"] = weights["last.weight"] * self.spread[:, None, None]
        weights["last.bias"] = weights["last.bias"] * self.spread
        whole = io.BytesIO()
        np.savez_compressed(whole, **{name: value.astype(np.float32) for name, value in weights.items()})
        path = self.run / "ears.npz"
        write_bytes(path, whole.getvalue())
        return path


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="training.ears", description="An encoder for a voice that has none."
    )
    parser.add_argument("run", type=Path, help="of `lodestone distil` of that voice")
    parser.add_argument("--minutes", type=float, default=2.0, help="of processor time")
    options = parser.parse_args()
    torch.set_num_threads(1)
    teaching = Teaching(options.run)
    teaching.train(options.minutes)
    print(teaching.write())


if __name__ == "__main__":
    main()
