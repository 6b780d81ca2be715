"""Ready, play with care, or do not play: each with its reason and its remedy in words.

Limits are those of docs/calibration.md. A figure just beyond its limit asks for care; far beyond, the
instrument would deceive its player, and the verdict says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from calibration.judging.built import built, spot_would_tell, unchecked
from calibration.judging.figures import Figures
from calibration.judging.finding import CARE, READY, STOP, Finding
from calibration.model import channel_name

__all__ = ["CARE", "READY", "STOP", "Finding", "Verdict", "judge"]
_ORDER = (READY, CARE, STOP)

# figure: care beyond, stop beyond
SNR_DB = (40.0, 20.0)
NOISE_MT = (0.03, 0.3)
SATURATION = (0.001, 0.02)
GAP_FRAMES = (2.5, 40.0)
LOST = (0.01, 0.1)
DRIFT = (0.005, 0.1)
MAINS = (0.01, 0.1)
# Hum of less than that is filtered away; what the filter leaves is heard.
MAINS_LEFT = 0.01
COVERAGE = (0.7, 0.35)
CONDITION = (3.0, 10.0)
PARTICIPATION = (4.0, 2.0)
DIPOLE_RESIDUAL = (0.02, 0.05)


@dataclass(frozen=True)
class Verdict:
    """The worst level and its reasons, gravest first; and what could not be checked, "" where all was."""

    level: str
    findings: tuple[Finding, ...]
    unchecked: str = ""

    @property
    def words(self) -> str:
        """One line for the player."""
        if not self.findings:
            return "Ready: every figure is inside its limit."
        first = self.findings[0]
        more = f" ({len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
        return f"{self.level.capitalize()}: {first.cause}. {first.remedy.capitalize()}.{more}"

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        findings = [asdict(finding) for finding in self.findings]
        return {"level": self.level, "words": self.words, "findings": findings, "unchecked": self.unchecked}


def judge(figures: Figures) -> Verdict:
    """The verdict on these figures."""
    findings = sorted(_findings(figures), key=lambda finding: -_ORDER.index(finding.level))
    level = findings[0].level if findings else READY
    return Verdict(level, tuple(findings), spot_would_tell(figures))


def _above(value: float, limits: tuple[float, float]) -> str:
    return STOP if value > limits[1] else CARE if value > limits[0] else READY


def _below(value: float, limits: tuple[float, float]) -> str:
    return STOP if value < limits[1] else CARE if value < limits[0] else READY


def _findings(figures: Figures) -> Iterator[Finding]:
    judged = (
        *built(figures),
        *_signal(figures),
        *_bus(figures),
        *_play(figures),
        *unchecked(figures),
        *_skipped(figures),
    )
    for finding in judged:
        if finding.level != READY:
            yield finding


def _signal(figures: Figures) -> Iterator[Finding]:
    clipped = int(np.argmax(figures.saturation))
    level = _above(figures.saturation[clipped], SATURATION)
    cause = f"{channel_name(clipped)} clips in {100 * figures.saturation[clipped]:.1f} % of the play"
    yield Finding(
        level, "saturation", cause, "choose a wider range, or move the magnets away from the sensor"
    )
    faint = int(np.argmin(figures.snr_db))
    cause = f"{channel_name(faint)} is faint ({figures.snr_db[faint]:.0f} dB over its noise)"
    yield Finding(
        _below(figures.snr_db[faint], SNR_DB), "noise", cause, "use stronger magnets, or a finer range"
    )
    noisy = int(np.argmax(figures.noise_mt))
    cause = (
        f"{channel_name(noisy)} has a noise of {1000 * figures.noise_mt[noisy]:.0f} µT (a chip has 2 to 10)"
    )
    remedy = (
        "look for a supply or motor that shakes the board, a loose plug, or a chip that filters too little"
    )
    yield Finding(_above(figures.noise_mt[noisy], NOISE_MT), "noise", cause, remedy)
    humming = int(np.argmax(figures.mains))
    cause = (
        f"{figures.mains_hz:g} Hz hum of {100 * figures.mains[humming]:.1f} % of the reach, "
        f"most on {channel_name(humming)}; {100 * max(figures.mains_left):.1f} % behind the hum filter"
    )
    level = STOP if max(figures.mains_left) > MAINS_LEFT else _above(figures.mains[humming], MAINS)
    yield Finding(level, "mains", cause, "move power supplies, motors and their cables away from the board")
    drifting = int(np.argmax(figures.drift))
    part = 100 * figures.drift[drifting]
    cause = f"{channel_name(drifting)} drifts by {part:.1f} % of the reach in ten minutes"
    remedy = "let the board warm up under the lights, then calibrate again"
    yield Finding(_above(figures.drift[drifting], DRIFT), "drift", cause, remedy)


def _bus(figures: Figures) -> Iterator[Finding]:
    cause = f"a pause of {figures.longest_gap:.0f} frames"
    remedy = "check the bus cable; close other programs on the board"
    yield Finding(_above(figures.longest_gap, GAP_FRAMES), "gaps", cause, remedy)
    cause = f"{100 * figures.lost:.1f} % of the frames lack a sensor"
    yield Finding(_above(figures.lost, LOST), "lost frames", cause, "check plugs and cables")
    if figures.resets:
        cause = f"a chip restarted by itself ({figures.resets} times)"
        yield Finding(CARE, "resets", cause, "check the sensors' supply")


def _skipped(figures: Figures) -> Iterator[Finding]:
    for step, stands_in in figures.skipped.items():
        yield Finding(CARE, "skipped", f"{step} was skipped: {stands_in}", f"do {step} before the gig")


def _play(figures: Figures) -> Iterator[Finding]:
    yield from _known_ball(figures)
    if not figures.played:
        return
    cause = f"only {100 * figures.coverage:.0f} % of the play room was visited"
    remedy = "play around every attractor, near and far, and repeat this step"
    yield Finding(_below(figures.coverage, COVERAGE), "coverage", cause, remedy)
    cause = f"the rings hear each other (condition {figures.crosstalk_condition:.1f})"
    remedy = "bring the magnets closer to the sensors, or the sensors further apart"
    yield Finding(_above(figures.crosstalk_condition, CONDITION), "crosstalk", cause, remedy)
    cause = f"the twelve touches move like {figures.participation:.1f}"
    yield Finding(
        _below(figures.participation, PARTICIPATION), "participation", cause, "play more freely, all axes"
    )


def _known_ball(figures: Figures) -> Iterator[Finding]:
    if figures.dipole_residual is not None:
        cause = f"{100 * figures.dipole_residual:.1f} % of the known ball's field is unexplained"
        remedy = "repeat the known spots with one ball, exactly on the marks"
        yield Finding(_above(figures.dipole_residual, DIPOLE_RESIDUAL), "dipole residual", cause, remedy)
