"""A voice that teaches: any exported graph, played by the engine, mono, at a rate that a board plays.

PyTorch takes no part in it. What a voice adds by itself to its latents (the walk of our own voices) is
silenced: a lesson must know the latents that sounded. Noise that belongs to the sound is drawn.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnx
from scipy.signal import resample_poly

from firmware import Engine
from graphs.card import LatentStatistics, read_card
from model_export.compiler import compile_plan
from model_export.step_response import response
from training.errors import TrainingError
from training.own_weights import is_ours

Floats = npt.NDArray[np.float32]
FASTEST_HZ = 48000
"""A faster teacher is brought to a half, a third ... of its rate: no board plays more."""


class Teacher:
    """Plays a voice's graph for lessons.

    Args:
        model: a voice with its card, exact or in 8 bits.
        delay_samples: until half of a latent step is heard, at the graph's own rate; its answer is measured
            (by its card or by steps, which takes a while) where None.

    Attributes:
        rate, hop: of the sound that it gives, Hz and samples a latent frame.
        delay, slide: samples at that rate until half of a latent step is heard, and from 10 to 90 per cent.
        latents: Z.
        spread: statistics of its latents.
        sha256: of the graph's own bytes.
    """

    def __init__(self, model: onnx.ModelProto, delay_samples: int | None = None) -> None:
        card = read_card(model)
        if card.kind != "voice" or card.latent is None:
            got = f"a graph of kind {card.kind}"
            raise TrainingError("a voice that knows its latents", got, "export it anew")
        self.model, self.card, self.ours = model, card, is_ours(model)
        self.spread: LatentStatistics = card.latent
        self.latents = card.latents
        self.factor = -(-card.sample_rate // FASTEST_HZ)
        if card.sample_rate % self.factor or card.hop % self.factor:
            wanted = f"a rate of at most {FASTEST_HZ} Hz, or a multiple of one"
            raise TrainingError(wanted, f"{card.sample_rate} Hz", "export the model at a common rate")
        self.rate, self.hop = card.sample_rate // self.factor, card.hop // self.factor
        self.sha256 = hashlib.sha256(model.SerializeToString()).hexdigest()
        self.answer = measured_answer(model) if delay_samples is None else Answer(delay_samples, 0)
        self.delay, self.slide = round(self.answer.half / self.factor), round(self.answer.slide / self.factor)
        self._engine = Engine(compile_plan(model))
        self._still = {
            name: np.zeros(shape, np.float32)
            for name, (kind, shape) in card.noise.items()
            if self.ours and kind == "normal"
        }

    def play(self, latents: npt.NDArray[np.floating], seed: int) -> Floats:
        """Latents [T, Z], one a frame, from a reset graph, as sound [T hop]; channels are mixed to one."""
        card, engine = self.card, self._engine
        frames = -(-len(latents) // card.frames) * card.frames
        padded = np.concatenate([latents, np.repeat(latents[-1:], frames - len(latents), 0)])
        engine.reset()
        engine.seed(seed)
        blocks = padded.astype(np.float32).reshape(-1, card.frames, card.latents)
        sound = np.concatenate(
            [engine.run({"latent": z.T[None], **self._still})["audio"][0].mean(0) for z in blocks]
        )
        if self.factor > 1:
            sound = resample_poly(sound, 1, self.factor)
        return np.asarray(sound[: len(latents) * self.hop], np.float32)


@dataclass(frozen=True)
class Answer:
    """How a voice answers a step of its latents, in samples at its graph's own rate.

    Attributes:
        half: until half of it is heard.
        slide: from 10 to 90 per cent; 0 where a step shows neither.
    """

    half: int
    slide: int


def measured_answer(model: onnx.ModelProto) -> Answer:
    """By the card, by steps, or by its layers at last."""
    card = read_card(model)
    if card.step_ms:
        tenth, half, most = card.step_ms
    else:
        measured = response(model)
        tenth, half, most = measured.tenth, measured.half, measured.most
    if not np.isfinite(half):  # latents that change nothing that a step could show
        return Answer(card.delay_samples, 0)
    slide = most - tenth if np.isfinite(most - tenth) else 0.0
    return Answer(round(half * card.sample_rate / 1000), round(slide * card.sample_rate / 1000))


def measured_delay(model: onnx.ModelProto) -> int:
    """Samples until half of a latent step is heard, at the graph's own rate."""
    return measured_answer(model).half
