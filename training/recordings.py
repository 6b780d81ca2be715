"""Recordings to learn from: a folder of sound files, each with its origin and licence stated.

A folder that `training.render` wrote has `origins.json`. Your own has `licences.csv` with a line for every
file:

    file,origin,licence
    kitchen.wav,"recorded by me, 3 May",CC0 1.0

Nothing is assumed: a file without a licence is refused. Whole recordings are held out, one in eight.
"""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import resample_poly

from training.errors import TrainingError

Audio = npt.NDArray[np.float32]

RATE = 44100
FORMAT, VERSION = "lodestone-sounds", 1
LEVEL_RMS, PEAK_LIMIT = 0.1, 0.9
SHORTEST_SECONDS = 1.0
SUFFIXES = (".wav", ".flac", ".ogg", ".aif", ".aiff", ".mp3")


@dataclass(frozen=True)
class Recording:
    """One file: where it comes from, under which licence, and whether it is only measured on."""

    file: str
    origin: str
    licence: str
    held_out: bool = False
    gain_db: float = 0.0


@dataclass(frozen=True)
class Take:
    """A recording, mono at `RATE`, at the common level."""

    recording: Recording
    audio: Audio


def write_origins(folder: Path, recordings: list[Recording]) -> None:
    """Writes `origins.json`."""
    data = {"format": FORMAT, "version": VERSION, "files": [asdict(recording) for recording in recordings]}
    (folder / "origins.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def listed(folder: Path) -> list[Recording]:
    """What a folder says of its files.

    Raises:
        TrainingError: no list, a list of another kind, a sound file that no line names, a line without
        licence.
    """
    if (folder / "origins.json").is_file():
        try:
            data = json.loads((folder / "origins.json").read_text(encoding="utf-8"))
            if (data["format"], data["version"]) != (FORMAT, VERSION):
                raise ValueError(f"{data['format']} {data['version']}")
            recordings = [Recording(**entry) for entry in data["files"]]
        except (ValueError, KeyError, TypeError) as error:
            wanted = f"{FORMAT} {VERSION} in {folder / 'origins.json'}"
            raise TrainingError(wanted, str(error), "render the sounds again") from None
    else:
        recordings = _own(folder)
    for recording in recordings:
        if not recording.licence.strip() or not recording.origin.strip():
            wanted = f"origin and licence of {recording.file}"
            raise TrainingError(wanted, "an empty entry", "say where it is from and what its licence is")
    return recordings


def _own(folder: Path) -> list[Recording]:
    files = sorted(path.name for path in folder.glob("*") if path.suffix.lower() in SUFFIXES)
    path = folder / "licences.csv"
    if not files:
        raise TrainingError(f"sound files in {folder}", "none", f"put some there ({', '.join(SUFFIXES)})")
    if not path.is_file():
        do = "write one line a file: file,origin,licence (see docs/train-your-own.md)"
        raise TrainingError(f"the licences of your recordings in {path}", "no such file", do)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = {(row.get("file") or "").strip(): row for row in csv.DictReader(stream)}
    missing = [name for name in files if name not in rows]
    if missing:
        wanted = f"a line in {path} for every sound"
        raise TrainingError(wanted, f"none for {', '.join(missing[:5])}", "add file,origin,licence for it")
    # Held out by name alone, so that a file added later changes nothing for the others; at least one.
    order = sorted(files, key=lambda name: hashlib.sha256(name.encode()).digest())
    held = set(order[: max(1, len(files) // 8)]) if len(files) > 1 else set()
    return [
        Recording(name, rows[name].get("origin") or "", rows[name].get("licence") or "", name in held)
        for name in files
    ]


def read(folder: Path) -> list[Take]:
    """Every recording of a folder; one that cannot be used is told by name.

    Raises:
        TrainingError: as `listed`, or a file that is no sound, too short, silent or clipped, or nothing
        held out.
    """
    takes = [Take(recording, _take(folder / recording.file, recording)) for recording in listed(folder)]
    held = [take for take in takes if take.recording.held_out]
    if not held or len(held) == len(takes):
        wanted = "recordings to train on and others to measure on"
        got = f"{len(takes)} in all, {len(held)} held out"
        raise TrainingError(wanted, got, "add a recording, or cut a long one into several files")
    return takes


def _take(path: Path, recording: Recording) -> Audio:
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise TrainingError(f"a recording at {path}", str(error), "check the file") from None
    mono = audio.mean(axis=1)
    name = path.name
    if not np.isfinite(mono).all():
        raise TrainingError(f"finite samples in {name}", "NaN or infinity", "export the recording again")
    if len(mono) < SHORTEST_SECONDS * rate:
        got = f"{len(mono) / rate:.2f} s"
        raise TrainingError(
            f"{SHORTEST_SECONDS:.0f} s or more in {name}", got, "join short takes into one file"
        )
    if np.abs(mono).max() < 1e-4:
        raise TrainingError(f"sound in {name}", "silence (peak below -80 dBFS)", "leave it out")
    share = clipped_share(audio)
    if share > 1e-3:
        got = f"{100 * share:.1f} % of its samples at full scale"
        raise TrainingError(f"a recording without clipping, {name}", got, "record it softer, or leave it out")
    if rate != RATE:
        ratio = Fraction(RATE, rate)
        mono = resample_poly(mono, ratio.numerator, ratio.denominator)
    return np.asarray(levelled(mono) * 10 ** (recording.gain_db / 20), np.float32)


def clipped_share(audio: Audio) -> float:
    """Share of samples that stay at full scale for three samples or more."""
    flat = np.abs(audio) >= 0.999
    held = flat[2:] & flat[1:-1] & flat[:-2] if len(audio) > 2 else flat
    return float(held.mean())


def levelled(audio: Audio) -> Audio:
    """Brings a recording to `LEVEL_RMS` over the parts within 40 dB of its loudest 50 ms, peaks
    permitting.
    """
    count = max(len(audio) // 2205, 1)
    power = np.array([np.mean(np.square(part)) for part in np.array_split(audio, count)])
    sounding = power[power > 1e-4 * power.max()]
    gain = min(LEVEL_RMS / np.sqrt(sounding.mean()), PEAK_LIMIT / np.abs(audio).max())
    return np.asarray(gain * audio, np.float32)
