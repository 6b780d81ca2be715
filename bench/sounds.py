"""A few seconds of every mapping and every voice, as Opus into docs/sounds: `python -m bench.sounds`.

The same performance on the simulated board: through each mapping by one voice, at the mapping's own knobs,
and through one mapping by each voice that ships.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.signal
import soundfile

from files import fresh_file
from graphs.card import load_onnx, read_card
from lodestone.mapping_show import performance
from lodestone.voice_files import find_voice, voice_graph
from mapping import families, shapers
from mapping.arbitrariness import in_voice
from mapping.latent_statistics import latent_statistics
from mapping.probe import mapping_player, play
from mapping.seeded import draw
from mapping.taught import Taught
from voices import catalogue
from voices.players import graph_player

OUT = Path("docs/sounds")
VOICE, MAPPING, SECONDS, FRAMES_HZ = "glass", "rotate", 8.0, 200
SEED, TAUGHT, RECALL = 1, 6, 1.0
OPUS_HZ, PEAK, SMALL = 48000, 0.7, 0.85
FADE_S = 0.05


def examples() -> dict[str, tuple[str, str]]:
    """Mapping and voice of each file, by its name: every family alone, every shaper behind a turn, and every
    voice."""
    mappings = [*families.names(), *(f"{MAPPING}+{name}" for name in shapers.names())]
    found = {mapping.replace("+", "-"): (mapping, VOICE) for mapping in mappings}
    return found | {f"voice-{voice.name}": (MAPPING, voice.name) for voice in catalogue.shipped()}


def taught_from(touch: npt.NDArray[np.float64], latents: int) -> Taught:
    """Sounds at moments of the performance, as far apart as they lie in it."""
    at = np.linspace(0, len(touch) - 1, TAUGHT + 2).astype(int)[1:-1]
    y = np.clip(draw(SEED, "taught sounds", TAUGHT, latents), -2.0, 2.0)
    return Taught(touch[at], y)


def render(mapping: str, touch: npt.NDArray[np.float64], voice: Path) -> npt.NDArray[np.float64]:
    """Mono sound at OPUS_HZ of touch [N, 12] of unit spread, 200 frames a second."""
    model = load_onnx(voice)
    card = read_card(model)
    taught, knobs = None, {}
    if mapping.endswith(
        "+snapshots"
    ):  # touch of unit spread here: a place is as wide as it is in touch of -1 to 1
        taught, knobs = taught_from(touch, card.latents), {"recall": RECALL}
    y = play(mapping_player(mapping, card.latents, SEED, taught, knobs), touch)
    calls = np.arange(0.0, len(y) / FRAMES_HZ, card.hop / card.sample_rate)
    latents = in_voice(y[(calls * FRAMES_HZ).astype(int)], latent_statistics(card))
    sound = graph_player(model)(latents).astype(np.float64)
    up = np.gcd(OPUS_HZ, card.sample_rate)
    return np.asarray(scipy.signal.resample_poly(sound, OPUS_HZ // up, card.sample_rate // up))


def write(path: Path, sound: npt.NDArray[np.float64]) -> None:
    """As Opus, at a common peak, with its ends faded."""
    fade = np.hanning(2 * int(FADE_S * OPUS_HZ))
    shaped = sound * (PEAK / max(float(np.abs(sound).max()), 1e-6))
    shaped[: len(fade) // 2] *= fade[: len(fade) // 2]
    shaped[-(len(fade) // 2) :] *= fade[len(fade) // 2 :]
    with fresh_file(path) as fresh:
        soundfile.write(fresh, shaped, OPUS_HZ, format="OGG", subtype="OPUS", compression_level=SMALL)


def main() -> None:
    """Writes a file for each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=OUT)
    options.add_argument("--seconds", type=float, default=SECONDS)
    options.add_argument("only", nargs="*", help="names of files; else all")
    given = options.parse_args()
    work = Path("out/sounds")
    touch = performance(None, None, work)[: round(given.seconds * FRAMES_HZ)]
    given.out.mkdir(parents=True, exist_ok=True)
    for name, (mapping, voice) in examples().items():
        if given.only and name not in given.only:
            continue
        path = given.out / f"{name}.opus"
        write(path, render(mapping, touch, voice_graph(find_voice(voice), work / "voices")))
        print(f"{mapping:20} {voice:10} {path} ({path.stat().st_size / 1000:.0f} kB)", flush=True)


if __name__ == "__main__":
    main()
