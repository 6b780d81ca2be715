"""The loop: upstream's networks, filter bank and spectral distances; our batches, schedule, checkpoints."""

from __future__ import annotations

import csv
import math
import signal
import time
from dataclasses import asdict
from pathlib import Path

import torch

from voices import catalogue
from voices.train import corpus, rave_model, spread, widen
from voices.train.settings import Settings

CHECKPOINT_SECONDS = 150.0
REPORT_STEPS = 100
COLUMNS = ("step", "seconds", "fullband", "multiband", "kl", "beta", "held_out")


class Trainer:
    """One training: resumable, seeded, a single optimiser and no discriminator.

    The distances are upstream's, between multiband signals and between full-band signals. A causal filter
    bank delays, so the full-band output is compared with an equally delayed input; the first `lead_frames`
    of a crop, where the causal network still hears the silence before it, are not compared.
    """

    def __init__(self, settings: Settings, run: Path, recordings: Path) -> None:
        self.settings, self.run, self.options = settings, run, settings.training
        run.mkdir(parents=True, exist_ok=True)
        self.model = rave_model.build(settings.configs, settings.overrides, settings.seed)
        self.model.pqmf.requires_grad_(False)
        self.corpus = corpus.build(settings, recordings, self.model.sr)
        self.hop = hop_of(self.model)
        self.delay = filter_bank_delay(self.model)
        self.crops = corpus.Crops(
            self.corpus.train, self.options.frames * self.hop, self.options.gain_range_db, settings.seed
        )
        self.short_crops = corpus.Crops(
            self.corpus.train, spread.FRAMES * self.hop, self.options.gain_range_db, settings.seed + 1
        )
        if self.options.start_from:
            widen.begin_from(self.model, catalogue.find(self.options.start_from).path, settings.seed)
            self.model.encoder.requires_grad_(False)
        networks = (*self.model.encoder.parameters(), *self.model.decoder.parameters())
        self.parameters = [parameter for parameter in networks if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(self.parameters, self.options.learning_rate, (0.5, 0.9))
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.step, self.seconds, self.stopped = 0, 0.0, False
        self.resume()

    def takes(self) -> list[corpus.Audio]:
        """The whole corpus, what was held out included."""
        return self.corpus.train + self.corpus.held_out

    def resume(self) -> None:
        """Goes on from `checkpoint.pt` if the run folder holds one."""
        path = self.run / "checkpoint.pt"
        if not path.exists():
            return
        saved = torch.load(path, map_location="cpu", weights_only=True)
        self.model.load_state_dict(saved["model"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.average = saved["average"]
        self.step, self.seconds = saved["step"], saved["seconds"]

    def save(self) -> None:
        """Writes the checkpoint whole or not at all."""
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "step": self.step,
            "seconds": self.seconds,
            "training": asdict(self.options),
        }
        torch.save(state, self.run / "checkpoint.tmp")
        (self.run / "checkpoint.tmp").replace(self.run / "checkpoint.pt")

    def keep(self, name: str) -> None:
        """Puts the present averaged weights aside, for `voices.measure … --against`."""
        torch.save({"average": self.average, "step": self.step}, self.run / name)

    def beta(self) -> float:
        """Weight of the latents' divergence from N(0, 1): a geometric ramp, as upstream's."""
        ratio = min(self.step / self.options.beta_steps, 1.0)
        return math.exp(math.log(self.options.beta_start) * (1 - ratio) + math.log(self.options.beta) * ratio)

    def rate(self) -> float:
        """Learning rate: 200 steps of warm-up, then upstream's linear fall to a tenth."""
        fall = 1.0 - 0.9 * min(self.step / self.options.steps, 1.0)
        return self.options.learning_rate * fall * min((self.step + 1) / 200, 1.0)

    def distances(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Full-band and multiband distance of the reconstruction of `x` [B, 1, N], and the divergence."""
        lead = self.options.lead_frames * self.hop
        with torch.no_grad():
            bands = rave_model.analyse(self.model.pqmf, x)
        z, divergence = self.model.encoder.reparametrize(self.model.encoder(bands))[:2]
        y_bands = self.model.decoder(z)
        y = rave_model.synthesise(self.model.pqmf, y_bands)
        per_band = lead // bands.shape[1]
        multiband = self.model.multiband_audio_distance(bands[..., per_band:], y_bands[..., per_band:])
        target = x[..., lead - self.delay : x.shape[-1] - self.delay]
        fullband = self.model.audio_distance(target, y[..., lead:])
        return fullband["spectral_distance"], multiband["spectral_distance"], divergence

    def take_step(self) -> dict[str, float]:
        """One optimiser step; returns the row of the log (without held-out distance)."""
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)
        beta = self.beta()
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        x = torch.from_numpy(self.crops.batch(self.options.batch, self.step))
        fullband, multiband, divergence = self.distances(x)
        self.optimizer.zero_grad()
        (fullband + multiband + beta * divergence + self.spread_penalty()).backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 10.0)
        self.optimizer.step()
        self.update_average()
        return {
            "fullband": fullband.item(),
            "multiband": multiband.item(),
            "kl": divergence.item(),
            "beta": beta,
        }

    def spread_penalty(self) -> torch.Tensor:
        """Weighted penalty for latents that sleep or move together, on crops of its own."""
        if self.step < self.options.spread_from or self.options.start_from:
            return torch.zeros(())
        x = torch.from_numpy(self.short_crops.batch(spread.CROPS, self.step))
        means = self.model.encode(x).chunk(2, 1)[0]
        return self.options.spread * spread.penalty(means)

    def update_average(self) -> None:
        """Moves the averaged weights (the ones that are exported) towards the present ones."""
        share = 1.0 - min(self.options.ema, (self.step + 1) / (self.step + 10))
        for name, value in self.model.state_dict().items():
            if value.is_floating_point():
                self.average[name].lerp_(value, share)

    @torch.no_grad()
    def held_out(self) -> float:
        """Mean full-band distance on the held-out takes (posterior sampled with a fixed seed)."""
        torch.manual_seed(self.settings.seed)
        samples = self.options.frames * self.hop
        crops = corpus.Crops(self.corpus.held_out, samples, 0.0, self.settings.seed)
        return sum(self.distances(torch.from_numpy(crops.batch(4, k)))[0].item() for k in range(4)) / 4

    def train(self, minutes: float) -> None:
        """Steps until the settings' number is reached or `minutes` have passed; a SIGTERM ends it, saved."""
        sounding, held = self.corpus.seconds
        print(
            f"{self.settings.name}: {sounding:.0f} s of sound, {held:.0f} s held out, step {self.step}",
            flush=True,
        )
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopped", True))
        start, base, saved = time.monotonic(), self.seconds, time.monotonic()
        rows: list[dict[str, float]] = []
        while self.step < self.options.steps and self.seconds - base < 60 * minutes and not self.stopped:
            rows.append(self.take_step())
            self.step += 1
            self.seconds = base + time.monotonic() - start
            if self.step % REPORT_STEPS == 0 or self.step == self.options.steps:
                self.report({name: sum(row[name] for row in rows) / len(rows) for name in rows[0]})
                rows = []
            if self.step == self.options.steps // 10:
                self.keep(f"step{self.step}.pt")
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()

    def report(self, means: dict[str, float]) -> None:
        """Adds a line to `progress.csv`; every tenth carries the held-out distance."""
        path = self.run / "progress.csv"
        held = f"{self.held_out():.4f}" if self.step % (10 * REPORT_STEPS) == 0 else ""
        row = [self.step, f"{self.seconds:.1f}", *(f"{means[name]:.6g}" for name in COLUMNS[2:6]), held]
        new = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file)
            if new:
                writer.writerow(COLUMNS)
            writer.writerow(row)


@torch.no_grad()
def hop_of(model: torch.nn.Module) -> int:
    """Audio samples per latent frame."""
    silence = torch.zeros(1, 1, 2**15)
    return int(silence.shape[-1] // model.encode(silence).shape[-1])


@torch.no_grad()
def filter_bank_delay(model: torch.nn.Module) -> int:
    """Samples by which analysis followed by synthesis lags its input, found with an impulse."""
    impulse = torch.zeros(1, 1, 8192)
    impulse[..., 4096] = 1.0
    back = rave_model.synthesise(model.pqmf, rave_model.analyse(model.pqmf, impulse))
    return int(back.abs().argmax()) - 4096
