"""The recordings of a voice: read, brought to one level, copied at other pitches, split, cut at random."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

from voices.errors import VoiceError
from voices.train.settings import Settings, Source

Audio = npt.NDArray[np.float32]

LEVEL_RMS = 0.1
"""Every recording is brought to this root mean square over its sounding parts (-20 dBFS) ..."""
PEAK_LIMIT = 0.9
"""... unless its peak would pass this."""
HELD_OUT = 0.12
"""The last part of every recording is never trained on."""


@dataclass(frozen=True)
class Corpus:
    """Mono takes at the model's rate: what is trained on, and what is only measured on."""

    train: list[Audio]
    held_out: list[Audio]

    @property
    def seconds(self) -> tuple[float, float]:
        """Length of both parts at 44.1 kHz."""
        return sum(map(len, self.train)) / 44100, sum(map(len, self.held_out)) / 44100


def level(audio: Audio) -> Audio:
    """Brings a recording to `LEVEL_RMS` over the parts within 40 dB of its loudest 50 ms."""
    window = 2205
    count = max(len(audio) // window, 1)
    power = np.array([np.mean(np.square(part)) for part in np.array_split(audio, count)])
    sounding = power[power > 1e-4 * power.max()]
    gain = min(LEVEL_RMS / np.sqrt(sounding.mean()), PEAK_LIMIT / np.abs(audio).max())
    return (gain * audio).astype(np.float32)


def read(source: Source, folder: Path, rate: int) -> Audio:
    """One recording, mono, at `rate`, levelled."""
    if source.file.startswith("model:"):
        from training.models import render

        return level(render(source.file.removeprefix("model:"), rate)) * np.float32(
            10 ** (source.gain_db / 20)
        )
    audio, file_rate = soundfile.read(folder / source.file, dtype="float32", always_2d=True)
    mono = audio.mean(axis=1)
    if file_rate != rate:
        ratio = Fraction(rate, file_rate)
        mono = resample_poly(mono, ratio.numerator, ratio.denominator)
    return level(mono) * np.float32(10 ** (source.gain_db / 20))


def repitch(audio: Audio, semitones: float) -> Audio:
    """The recording played faster or slower, as a tape would be: pitch and time change together."""
    if semitones == 0:
        return audio
    ratio = Fraction(2.0 ** (-semitones / 12)).limit_denominator(96)
    return resample_poly(audio, ratio.numerator, ratio.denominator).astype(np.float32)


def build(settings: Settings, folder: Path, rate: int = 44100) -> Corpus:
    """Reads every source; the last `HELD_OUT` of each recording is held out, at every pitch.

    Raises:
        VoiceError: when a recording is missing.
    """
    train: list[Audio] = []
    held_out: list[Audio] = []
    for source in settings.sources:
        try:
            whole = read(source, folder, rate)
        except (OSError, soundfile.LibsndfileError) as error:
            raise VoiceError(
                f"the recording {folder / source.file}",
                str(error),
                "install Debian's sonic-pi-samples, or name its folder with --recordings",
            ) from None
        cut = int(len(whole) * (1 - HELD_OUT))
        for semitones in source.semitones:
            train.append(repitch(whole[:cut], semitones))
            held_out.append(repitch(whole[cut:], semitones))
    return Corpus(train, held_out)


class Crops:
    """Random crops of takes, each at a random gain; what is drawn depends on the seed and the step only."""

    def __init__(self, takes: list[Audio], samples: int, gain_range_db: float, seed: int) -> None:
        # A take shorter than a crop is played after itself, as a loop.
        self.takes = [
            np.tile(take, -(-2 * samples // len(take))) if len(take) < 2 * samples else take for take in takes
        ]
        lengths = np.array([len(take) for take in takes], dtype=np.float64)
        self.weights = np.sqrt(lengths) / np.sqrt(lengths).sum()
        self.samples, self.gain_range_db, self.seed = samples, gain_range_db, seed

    def batch(self, size: int, step: int) -> Audio:
        """[size, 1, samples] for this step."""
        rng = np.random.default_rng((self.seed, step))
        crops = []
        for index in rng.choice(len(self.takes), size, p=self.weights):
            take = self.takes[index]
            start = int(rng.integers(0, len(take) - self.samples + 1))
            gain = 10 ** (-self.gain_range_db * rng.uniform() / 20)
            crops.append(gain * take[start : start + self.samples])
        return np.stack(crops)[:, None].astype(np.float32)
