"""The loop: representation first, then, if asked, against a judge; the best by held-out sound is kept."""

from __future__ import annotations

import math
import signal
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training import checkpoint, losses, progress, snapshots
from training.batches import Batches, fit_start
from training.discriminator import Discriminator
from training.errors import TrainingError
from training.network import Voice, parameters
from training.recordings import Take
from training.settings import Settings

CHECKPOINT_SECONDS = 60.0
REPORT_STEPS = 50
JUDGE_STEPS = 200
COLUMNS = (
    "step",
    "seconds",
    "distance",
    "loudness_db",
    "kl",
    "axes",
    "edges",
    "verdict",
    "held_out",
    "held_loudness_db",
)
EMA = 0.99
ENCODER_PACE = 0.1  # of the learning rate: it begins well, and the decoder follows it


class Trainer:
    """One training: resumable, repeatable by its seed, on the CPU or a GPU alike."""

    def __init__(self, settings: Settings, run: Path, takes: list[Take], device: str = "cpu") -> None:
        self.settings, self.run, self.options, self.device = settings, run, settings.training, device
        run.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(settings.seed)
        self.voice = Voice(settings.network, settings.living, self.options.posterior)
        self.train_takes = [take for take in takes if not take.recording.held_out]
        self.held_takes = [take for take in takes if take.recording.held_out]
        self.batches = Batches(self.train_takes, settings, self.voice.delay)
        self.axes = losses.Axes(self.voice.decoder, self.voice.rate, self.options.rest_db)
        fit_start(self.voice, self.train_takes, settings)
        self.voice.to(device)
        self.learnt = parameters([self.voice])
        groups = [
            {"params": parameters([self.voice.decoder]), "pace": 1.0},
            {"params": parameters([self.voice.encoder]), "pace": ENCODER_PACE},
        ]
        self.optimizer = torch.optim.Adam(groups, self.options.learning_rate, (0.8, 0.99))
        self.judge = Discriminator().to(device) if self.options.adversarial_from else None
        self.judge_optimizer = (
            torch.optim.Adam(self.judge.parameters(), 3e-4, (0.5, 0.9)) if self.judge is not None else None
        )
        self.step, self.seconds, self.best, self.stopped = 0, 0.0, math.inf, False
        self.average = {name: value.clone() for name, value in self.voice.state_dict().items()}
        self.resume()

    # -- what is kept

    def settings_hash(self) -> str:
        """Of what decides the networks: a checkpoint of other settings is refused."""
        return checkpoint.digest(
            {"network": asdict(self.settings.network), "living": asdict(self.settings.living)}
        )

    def resume(self) -> None:
        """Goes on from `checkpoint.pt` if the run folder holds one.

        Raises:
            TrainingError: when it was made with other settings, or is damaged.
        """
        saved = checkpoint.load(self.run / "checkpoint.pt", self.settings_hash())
        if saved is None:
            return
        self.voice.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average = {name: value.to(self.device) for name, value in saved["average"].items()}
        self.step, self.seconds, self.best = saved["step"], saved["seconds"], saved["best"]
        if self.judge is not None and saved.get("judge") is not None:
            assert self.judge_optimizer is not None
            self.judge.load_state_dict(saved["judge"])
            self.judge_optimizer.load_state_dict(saved["judge_optimizer"])

    def save(self, name: str = "checkpoint.pt") -> None:
        """Writes the checkpoint whole or not at all."""
        adversarial = self.judge is not None and self.judge_optimizer is not None
        state = {
            "model": self.voice.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "judge": self.judge.state_dict() if adversarial and self.judge is not None else None,
            "judge_optimizer": self.judge_optimizer.state_dict()
            if adversarial and self.judge_optimizer is not None
            else None,
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
        }
        checkpoint.save(self.run / name, self.settings_hash(), state)

    # -- one step

    def rate(self) -> float:
        """Learning rate: 30 steps of warm-up, then a cosine fall to a twentieth."""
        place = min(self.step / self.options.steps, 1.0)
        fall = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * place))
        return self.options.learning_rate * fall * min((self.step + 1) / 30, 1.0)

    def played(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """x [B, N] to (wanted, made, sub-bands, mean, spread), cut to where the decoder has warmed up."""
        mean, spread = self.voice.encoder(x, self.voice.delay)
        z = mean + spread * torch.randn_like(mean)
        decoder, lead = self.voice.decoder, self.options.lead_frames * self.settings.network.hop
        phase, noise = decoder.draw(*z.shape[::2], z)
        bands = decoder.bands(z, phase, noise)
        y = decoder.join(bands)[:, 0]
        wanted = x[:, lead - self.voice.delay : x.shape[1] - self.voice.delay]
        return wanted, y[:, lead : lead + wanted.shape[1]], bands, mean, spread

    def take_step(self) -> dict[str, float]:
        """One step of the optimiser; returns the figures of the log."""
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = group["pace"] * self.rate()
        x = self.batches.batch(self.step).to(self.device)
        wanted, made, bands, mean, spread = self.played(x)
        spectral = losses.distance(wanted, made, self.options.scales)
        level = losses.loudness(wanted, made)
        kl = losses.divergence(mean, spread)
        edges = losses.edge_lines(bands)
        beta = losses.beta_at(self.step, self.options.steps, self.options.beta)
        high = losses.brilliance(wanted, made, self.voice.rate)
        loss = spectral + 0.5 * level + 0.3 * high + beta * kl + edges
        row = {
            "distance": spectral.item(),
            "loudness_db": 10 * level.item(),
            "kl": kl.item(),
            "edges": edges.item(),
        }
        if self.step % self.options.axes_every == 0 and self.step > 50:
            generator = torch.Generator().manual_seed(self.step)
            penalty, row["axes"] = self.axes.loss(generator)
            loss = loss + self.options.axes_weight * self.options.axes_every * penalty
        if self.judge is not None and self.step >= self.options.adversarial_from:
            loss = loss + self.options.adversarial_weight * self.judged(wanted, made, row)
        self.optimizer.zero_grad()
        loss.backward()
        if not math.isfinite(loss.item()):
            raise TrainingError("a finite loss", f"{loss.item()} at step {self.step}", "lower learning_rate")
        torch.nn.utils.clip_grad_norm_(self.learnt, 5.0)
        self.optimizer.step()
        self.update_average()
        return row

    def judged(self, wanted: Tensor, made: Tensor, row: dict[str, float]) -> Tensor:
        """The second stage: the judge learns, then says what it asks of the decoder."""
        assert self.judge is not None
        assert self.judge_optimizer is not None
        own = self.judge.own_loss(wanted, made)
        self.judge_optimizer.zero_grad()
        own.backward()
        self.judge_optimizer.step()
        row["verdict"] = own.item()
        if self.step < self.options.adversarial_from + JUDGE_STEPS:
            return made.new_zeros(())  # the judge learns alone at first
        verdict, matching = self.judge.decoder_loss(wanted, made)
        return 0.1 * verdict + matching

    @torch.no_grad()
    def update_average(self) -> None:
        """Moves the averaged weights, the ones that are kept, towards the present ones."""
        share = 1.0 - min(EMA, (self.step + 1) / (self.step + 10))
        for name, value in self.voice.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, share)

    # -- held-out sound

    @torch.no_grad()
    def held_out(self) -> tuple[float, float]:
        """(distance, loudness error in dB) of the averaged weights on the first seconds of held-out
        recordings.
        """
        present = {name: value.clone() for name, value in self.voice.state_dict().items()}
        self.voice.load_state_dict(self.average)
        hop, total, level = self.settings.network.hop, 0.0, 0.0
        takes = self.held_takes[:12]
        for take in takes:
            length = min(len(take.audio), 4 * self.voice.rate) // hop * hop
            x = torch.from_numpy(take.audio[:length])[None].to(self.device)
            y = self.voice.reconstruct(x)[:, self.voice.delay :]
            total += losses.distance(x[:, : y.shape[1]], y, (2048, 512, 128)).item()
            level += 10 * losses.loudness(x[:, : y.shape[1]], y).item()
        self.voice.load_state_dict(present)
        return total / len(takes), level / len(takes)

    # -- all steps

    def train(self, minutes: float, snapshot_minutes: float = 5.0) -> None:
        """Steps to the end of the settings, or for `minutes`; a SIGTERM or Ctrl-C ends it, saved."""
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: setattr(self, "stopped", True))
        start = saved = shown = time.monotonic()
        base = self.seconds
        rows: list[dict[str, float]] = []
        while self.step < self.options.steps and self.seconds - base < 60 * minutes and not self.stopped:
            rows.append(self.take_step())
            self.step += 1
            self.seconds = base + time.monotonic() - start
            if self.step % REPORT_STEPS == 0 or self.step == self.options.steps:
                self.report(rows)
                rows = []
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
            if time.monotonic() - shown > 60 * snapshot_minutes:
                self.snapshot()
                shown = time.monotonic()
        self.save()
        self.snapshot()

    @torch.no_grad()
    def snapshot(self) -> None:
        """A held-out recording and what the voice makes of it, as sound and spectrograms, in `sounds/`."""
        hop, take = self.settings.network.hop, self.held_takes[0]
        length = min(len(take.audio), 6 * self.voice.rate) // hop * hop
        x = torch.from_numpy(take.audio[:length])[None].to(self.device)
        y = self.voice.reconstruct(x)[0, self.voice.delay :]
        snapshots.write(self.run / "sounds", self.step, take.audio[:length], y.cpu().numpy(), self.voice.rate)

    def report(self, rows: list[dict[str, float]]) -> None:
        """A line of `progress.csv`; every fourth with held-out sound, by which the best is kept."""
        line: dict[str, Any] = {"step": self.step, "seconds": round(self.seconds, 1)}
        for name in COLUMNS[2:8]:
            values = [row[name] for row in rows if name in row]
            line[name] = round(sum(values) / len(values), 4) if values else ""
        if self.step % (4 * REPORT_STEPS) == 0 or self.step == self.options.steps:
            held, level = self.held_out()
            line["held_out"], line["held_loudness_db"] = round(held, 4), round(level, 2)
            if held < self.best:
                self.best = held
                self.save("best.pt")
        progress.told(self.run, COLUMNS, line)
