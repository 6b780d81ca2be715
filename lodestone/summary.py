"""What a performance came to, in words and figures."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from lodestone.hand_to_sound import HandToSound


@dataclass(frozen=True)
class Summary:
    """Figures of one simulated performance.

    Attributes:
        seconds: length of the sound.
        wall_seconds: how long the simulation of it took.
        voice: name of the voice.
        latents: number of latents of the voice.
        frames_per_second: sensor frames per second of the performance.
        voice_load: share of one core of this machine that the voice's thread took, 0..1.
        underruns: hops that came too late.
        latency_ms: field change to sound on board, mean: hop/2 + ring prefill + model delay + 2 audio blocks.
        heard: how long a magnet that jumps takes to be heard; None where nobody measured it.
        packets: datagrams that the board sent.
        peak: largest sample of the sound.
        files: name to path of everything written.
    """

    seconds: float
    wall_seconds: float
    voice: str
    latents: int
    frames_per_second: float
    voice_load: float
    underruns: int
    latency_ms: float
    heard: HandToSound | None
    packets: int
    peak: float
    files: dict[str, Path]

    def as_json(self) -> str:
        """One JSON object; paths as strings."""
        told = asdict(self) | {"files": {k: str(v) for k, v in self.files.items()}}
        told["heard"] = self.heard.plain() if self.heard is not None else None
        return json.dumps(told, indent=1)

    def in_words(self) -> str:
        """A short report for a terminal."""
        trouble = "no underrun" if self.underruns == 0 else f"{self.underruns} underruns"
        lines = [
            f"{self.seconds:.1f} s of {self.voice} ({self.latents} latents), "
            f"made in {self.wall_seconds:.1f} s:",
            f"  {self.frames_per_second:.0f} sensor frames a second, {self.packets} OSC packets, {trouble}",
            f"  engine load: the voice takes {100 * self.voice_load:.2f} % of one core of this machine",
            f"  a moved magnet is heard after {self.latency_ms:.0f} ms on average; peak {self.peak:.2f}",
        ]
        if self.heard is not None:
            lines.append(f"  one that jumps: {self.heard.in_words()}")
        width = max(len(name) for name in self.files)
        lines += [f"  {name:{width}}  {path}" for name, path in self.files.items()]
        return "\n".join(lines)
