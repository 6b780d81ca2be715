"""Teaches a student: the training half of `lodestone distil`, which makes its course and its lessons.

    .venv-training/bin/python -m training.distil RUN [--minutes M]

The student hears the latents of a lesson and is asked for the teacher's sound: its spectra at three sizes,
its loudness, its attacks, what lies above 8 kHz, and what each latent changes; never its waveform, whose
phases nobody could guess. A judge may join at last. Ended at any moment, it goes on from its checkpoint.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import signal
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from files import write_bytes
from training import axes, checkpoint, course, first_weights, golden, losses, progress, snapshots
from training.command import one_line
from training.discriminator import Discriminator
from training.errors import TrainingError
from training.first_weights import decoder_of
from training.lessons import HELD_OUT, LEVEL, Lessons, moves_one_alone
from training.loop import CHECKPOINT_SECONDS, EMA, JUDGE_STEPS, REPORT_STEPS
from training.network import Decoder, parameters
from training.recorded import Recorded
from training.rounding import on_grid

TOLD = ("distance", "loudness_db", "verdict")
COLUMNS = ("step", "seconds", *TOLD, "held_out", "held_loudness_db")
STAGES, AND_AXES = ("alone", "judge learns", "judged"), ", axes"
AXES_EVERY, AXES_WEIGHT = 3, 0.5
"""In how many steps it is asked once what latents change, and how much that counts, a step."""
HELD_SECONDS = 6.0
GOLDEN_SAMPLES = 16384


class Distiller:
    """One distillation: resumable, repeatable by its seed."""

    def __init__(self, run: Path, judge_from: float = 1.0, device: str = "cpu", sweeps: float = 0.0) -> None:
        self.sweeps = sweeps
        self.run, self.course, self.device, self.judge_from = run, course.read(run), "cpu", judge_from
        self.settings, self.options = self.course.settings, self.course.settings.training
        torch.manual_seed(self.settings.seed)
        self.lessons = Lessons(None, self.settings.network.hop, run / "lessons", self.course.own_delay)
        self.axes, self.bands = axes.read(run), losses.third_octaves(losses.WINDOW, self.course.rate)
        self.alone = [n for n in range(HELD_OUT, self.course.lessons) if moves_one_alone(n)]
        self.kept: dict[int, tuple[Tensor, Tensor]] = {}
        self.decoder = Decoder(self.settings.network, self.settings.living, self.course.rate)
        first_weights.put(self.decoder, self.course, run, self._lesson)
        self.judge = Discriminator() if judge_from < 1.0 else None
        self._move(device)
        self.optimizer = self._adam(self.decoder, self.options.learning_rate, (0.8, 0.99))
        self.judge_optimizer = None if self.judge is None else self._adam(self.judge, 3e-4, (0.5, 0.9))
        self.step, self.seconds, self.best, self.stopped, self.judged = 0, 0.0, math.inf, False, 0
        self.average = {name: value.clone() for name, value in self.decoder.state_dict().items()}
        self._resume()
        self.steps = {
            stage + also: Recorded(partial(self._follow, stage), device)
            for stage in STAGES
            for also in ("", AND_AXES)
        }

    def _move(self, device: str) -> None:
        self.device, self.bands = device, self.bands.to(device)
        self.kept.clear()
        for network in (self.decoder, self.judge):
            if network is not None:
                network.to(device)

    def _adam(self, network: torch.nn.Module, rate: float, betas: tuple[float, float]) -> torch.optim.Adam:
        """An optimiser whose step a GPU can record: its rate is a tensor there."""
        on_gpu = torch.device(self.device).type == "cuda"
        given = torch.tensor(rate, device=self.device) if on_gpu else rate
        return torch.optim.Adam(parameters([network]), given, betas, capturable=on_gpu)

    # -- lessons

    def _held(self, number: int) -> tuple[Tensor, Tensor]:
        """Latents [1, Z, T] and sound [1, N] of a held-out lesson, its first seconds."""
        hop = self.settings.network.hop
        frames = int(HELD_SECONDS * self.course.rate) // hop
        z, x = self._lesson(number)
        return z[None, :, :frames], x[None, : frames * hop]

    def _lesson(self, number: int) -> tuple[Tensor, Tensor]:
        """Latents [Z, T] and sound [N] at the student's level."""
        if number not in self.kept:
            made = self.lessons.lesson(number)
            sound = made.sound * np.float32(LEVEL / self.course.level)
            both = torch.from_numpy(made.latents.T.copy()), torch.from_numpy(sound)
            self.kept[number] = both[0].to(self.device), both[1].to(self.device)
        return self.kept[number]

    # -- what is kept

    def _digest(self) -> str:
        kept = {"network": asdict(self.settings.network), "living": asdict(self.settings.living)}
        return checkpoint.digest({**kept, "teacher": self.course.teacher_sha256})

    def _resume(self) -> None:
        saved = checkpoint.load(self.run / "checkpoint.pt", self._digest())
        if saved is None:
            return
        self.decoder.load_state_dict(saved["model"])
        self._load(self.optimizer, saved["optimizer"])
        self.average = {name: value.to(self.device) for name, value in saved["average"].items()}
        self.step, self.seconds, self.best = saved["step"], saved["seconds"], saved["best"]
        self.judged = saved["judged"]
        if self.judge is not None and self.judge_optimizer is not None and saved["judge"] is not None:
            self.judge.load_state_dict(saved["judge"])
            self._load(self.judge_optimizer, saved["judge_optimizer"])

    def _load(self, optimizer: torch.optim.Adam, saved: dict[str, Any]) -> None:
        """Its memories; rate and kind stay those of this device, whichever wrote the checkpoint."""
        groups = []
        for own, given in zip(optimizer.param_groups, saved["param_groups"], strict=True):
            groups.append({**own, "params": given["params"]})
        memories = {k: {**v, "step": v["step"].to(self.device)} for k, v in saved["state"].items()}
        optimizer.load_state_dict({"state": memories, "param_groups": groups})

    def save(self, name: str = "checkpoint.pt") -> None:
        """Writes the checkpoint whole or not at all."""
        judge = None if self.judge is None else self.judge.state_dict()
        judge_optimizer = None if self.judge_optimizer is None else self.judge_optimizer.state_dict()
        state = {
            "model": self.decoder.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average,
            "judge": judge,
            "judge_optimizer": judge_optimizer,
            "judged": self.judged,
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
        }
        checkpoint.save(self.run / name, self._digest(), state)

    # -- one step

    def batch(self) -> tuple[Tensor, Tensor]:
        """Latents [B, Z, F] and sound [B, F hop] of random crops of the lessons, by the step alone."""
        random = np.random.default_rng((self.settings.seed, self.step))
        hop, frames = self.settings.network.hop, self.options.frames
        latents, sounds = [], []
        for _ in range(self.options.batch):
            number = int(random.integers(HELD_OUT, self.course.lessons))
            if self.sweeps and random.random() < self.sweeps:
                number = int(random.choice(self.alone))
            z, x = self._lesson(number)
            start = int(random.integers(0, z.shape[1] - frames + 1))
            latents.append(z[:, start : start + frames])
            sounds.append(x[start * hop : (start + frames) * hop])
        return torch.stack(latents), torch.stack(sounds)

    def take_step(self, place: float) -> Tensor:
        """One step of the optimiser at `place`, 0 to 1, of the whole training; [4] the loss and TOLD."""
        fall = 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(place, 1.0)))
        rate = self.options.learning_rate * fall * min((self.step + 1) / 30, 1.0)
        for group in self.optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        random = torch.Generator(self.device).manual_seed(self.settings.seed * 1_000_003 + self.step)
        z, x = self.batch()
        phase, noise = self.decoder.draw(z.shape[0], z.shape[2], z, random)
        share = torch.full((), 1.0 - min(EMA, (self.step + 1) / (self.step + 10)), device=self.device)
        stage = "alone"
        if self.judge is not None and place >= self.judge_from:
            self.judged += 1
            stage = "judged" if self.judged > JUDGE_STEPS else "judge learns"
        if self.axes is None or self.step % AXES_EVERY:
            return self.steps[stage](z, x, phase, noise, share)
        return self.steps[stage + AND_AXES](z, x, phase, noise, share, *self._pairs(self.axes, random))

    def _pairs(self, told: axes.Axes, random: torch.Generator) -> tuple[Tensor, ...]:
        """Held places two by two, what should change [P, bands], and the draws that both of a pair share."""
        which = np.random.default_rng((self.settings.seed, self.step, 1)).integers(
            len(told.places), size=max(2, self.options.batch // 2)
        )
        rows, wanted = (torch.from_numpy(each[which]).to(self.device) for each in (told.places, told.changes))
        held = rows.reshape(-1, rows.shape[2])[..., None].expand(-1, -1, self.options.frames)
        draws = self.decoder.draw(len(which), self.options.frames, held, random)
        return held, wanted, *(each.repeat_interleave(2, 0) for each in draws)

    def _axes_loss(self, held: Tensor, wanted: Tensor, phase: Tensor, noise: Tensor) -> Tensor:
        lead = self.options.lead_frames * self.settings.network.hop
        made = self.decoder.join(self.decoder.bands(held, phase, noise))[:, 0, lead:]
        return losses.changes(made, wanted, self.bands)

    def _follow(
        self, stage: str, z: Tensor, x: Tensor, phase: Tensor, noise: Tensor, share: Tensor, *pairs: Tensor
    ) -> Tensor:
        """Loss, weights and averages of a step: all that a GPU does in it."""
        lead = self.options.lead_frames * self.settings.network.hop
        bands = self.decoder.bands(z, phase, noise)
        wanted, made = x[:, lead:], self.decoder.join(bands)[:, 0, lead:]
        spectral = losses.distance(wanted, made, self.options.scales)
        level, high = losses.loudness(wanted, made), losses.brilliance(wanted, made, self.course.rate)
        attacks = losses.onsets(wanted, made)
        loss = spectral + 0.5 * level + 0.3 * high + 0.25 * attacks + losses.edge_lines(bands)
        if pairs:
            loss = loss + AXES_EVERY * AXES_WEIGHT * self._axes_loss(*pairs)
        own = loss.new_zeros(())
        if self.judge is not None and self.judge_optimizer is not None and stage != "alone":
            own = self.judge.own_loss(wanted, made)
            self.judge_optimizer.zero_grad()
            own.backward()
            self.judge_optimizer.step()
        if self.judge is not None and stage == "judged":
            verdict, matching = self.judge.decoder_loss(wanted, made)
            loss = loss + 0.1 * verdict + matching
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters([self.decoder]), 5.0)
        self.optimizer.step()
        with torch.no_grad():
            for name, value in self.decoder.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, share)
        return torch.stack([loss, spectral, 10 * level, own]).detach()

    # -- what was never learnt from

    @torch.no_grad()
    def held_out(self) -> tuple[float, float]:
        """(distance, loudness error in dB) of the averaged weights on the held-out lessons."""
        present = {name: value.clone() for name, value in self.decoder.state_dict().items()}
        self.decoder.load_state_dict(self.average)
        total = level = 0.0
        warm = int(0.5 * self.course.rate)
        for number in range(HELD_OUT):
            z, x = self._held(number)
            y = self.decoder(z, torch.Generator().manual_seed(number))[:, 0]
            total += losses.distance(x[:, warm:], y[:, warm:], (2048, 512, 128)).item()
            level += 10 * losses.loudness(x[:, warm:], y[:, warm:]).item()
        self.decoder.load_state_dict(present)
        return total / HELD_OUT, level / HELD_OUT

    # -- all steps

    def train(
        self, minutes: float, snapshot_minutes: float, parent: int = 0, steps: int | None = None
    ) -> None:
        """Trains until it has had `minutes` of the processor in all (of the GPU: by the clock), or `steps`.

        A SIGTERM, Ctrl-C or the end of the process `parent` (0: none) ends it, saved.
        """
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: setattr(self, "stopped", True))
        clock = time.process_time if torch.device(self.device).type == "cpu" else time.monotonic
        saved = shown = time.monotonic()
        rows: list[Tensor] = []
        if self.step == 0:
            self.report(rows)
            self.snapshot()
        while not self.stopped and parent in (0, os.getppid()):
            place = self.seconds / (60 * minutes) if steps is None else self.step / steps
            if place >= 1.0:
                break
            begun = clock()
            rows.append(self.take_step(place))
            self.step += 1
            self.seconds += clock() - begun
            if self.step % REPORT_STEPS:
                continue
            self.report(rows)
            rows = []
            if time.monotonic() - saved > CHECKPOINT_SECONDS:
                self.save()
                saved = time.monotonic()
            if time.monotonic() - shown > 60 * snapshot_minutes:
                self.snapshot()
                shown = time.monotonic()
        self.report(rows, last=True)
        self.save()

    def report(self, rows: list[Tensor], last: bool = False) -> None:
        """A line of `progress.csv` out of what steps returned; every fourth with the held-out lessons.

        Raises:
            TrainingError: a loss is not finite: what was saved before stays.
        """
        line: dict[str, Any] = {"step": self.step, "seconds": round(self.seconds, 1)}
        if rows:
            loss, *told = torch.stack(rows).mean(0).tolist()
            if not math.isfinite(loss):
                raise TrainingError("a finite loss", f"{loss} by step {self.step}", "lower learning_rate")
            line |= {name: round(value, 4) for name, value in zip(TOLD, told, strict=True)}
            if self.judge is None:
                line["verdict"] = ""
        if self.step % (4 * REPORT_STEPS) == 0 or last:
            held, level = self.held_out()
            line["held_out"], line["held_loudness_db"] = round(held, 4), round(level, 2)
            if held < self.best:
                self.best = held
                self.save("best.pt")
        progress.told(self.run, COLUMNS, line)

    @torch.no_grad()
    def snapshot(self) -> None:
        """A held-out lesson and what the student makes of it, as sound and spectrograms, in `sounds/`."""
        z, x = self._held(1)
        y = self.decoder(z, torch.Generator().manual_seed(1))[0, 0]
        wanted, made = (sound.cpu().numpy() for sound in (x[0], y))
        snapshots.write(self.run / "sounds", self.step, wanted, made, self.course.rate)

    def finish(self) -> None:
        """`student.npz`: the best weights, on the grid of 8 bits, and what PyTorch plays with them."""
        saved = checkpoint.load(self.run / "best.pt", self._digest())
        assert saved is not None
        weights = on_grid({name: value.cpu().numpy() for name, value in saved["average"].items()})
        best = decoder_of(self.settings, weights, self.course.rate)
        frames = max(8, GOLDEN_SAMPLES // self.settings.network.hop)
        gain = self.course.level / LEVEL
        rest = np.zeros(self.settings.network.latents, np.float32)
        take = golden.take(best, self.course.rate, rest, gain, frames)
        told = {"steps": np.int64(saved["step"]), "seconds": np.float64(saved["seconds"])}
        whole = io.BytesIO()
        named = {f"weights.{name}": value for name, value in weights.items()}
        np.savez_compressed(whole, **named, **take, **told)
        write_bytes(self.run / "student.npz", whole.getvalue())


@one_line
def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="training.distil", description="Teach a student its lessons.")
    parser.add_argument("run", type=Path, help="the folder that `lodestone distil` made")
    parser.add_argument("--minutes", type=float, default=60.0, help="of processor time in all")
    parser.add_argument("--steps", type=int, help="in all, instead of minutes")
    parser.add_argument("--snapshot-minutes", type=float, default=5.0, help="between sounds and pictures")
    parser.add_argument("--judge-from", type=float, default=1.0, help="part of the time; 1: no judge")
    parser.add_argument("--sweeps", type=float, default=0.0, help="part of crops that move one latent alone")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--parent", type=int, default=0, help="a process at whose end it ends too")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    distiller = Distiller(options.run, options.judge_from, options.device, options.sweeps)
    distiller.train(options.minutes, options.snapshot_minutes, options.parent, options.steps)
    distiller.finish()


if __name__ == "__main__":
    main()
