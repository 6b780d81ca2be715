"""The figures of the report card, each from the recordings and the fit alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from calibration.fitting.coverage import visited_cells
from calibration.fitting.evening import filtered, played_field
from calibration.fitting.robust import mains_line, participation_ratio
from calibration.judging.arrangement import Arrangement
from calibration.model import AXES, CHANNELS, SENSORS, Array, Calibration
from calibration.stage.reference import static_touch
from calibration.stretch import RESET, Recording

# A magnet is close to a sensor in the frames in which it feels most; in the quietest tenth of these the other
# magnets are far away.
OWN_FRAMES, QUIETEST = 0.95, 0.1
# An evening under stage light, and what the worst chip loses of its sensitivity.
HEAT_K, WORST_CHIP_PER_K = 15.0, 0.005


@dataclass(frozen=True)
class Figures:
    """What the verdict is made of; lists are in channel order (sensor 1 x, y, z, sensor 2 x, ...).

    Attributes:
        snr_db: [12] 20 log10(reach / 2 / noise).
        saturation: [12] part of the played frames at a rail.
        full_scale_part: [12] largest field, rest included, over the chip's range.
        frame_rate_hz, longest_gap: in frames of that rate, over all steps.
        lost: part of the frames without an answer of every chip; resets: chips that restarted by themselves.
        drift: [12] part of the reach in ten minutes, 0 where it cannot be told from noise.
        mains: [12] hum over the reach; mains_hz: 16.7, 50, 60 or 100; mains_left: [12] behind the hum filter.
        coverage: part of the play room visited; cells which, [4][8][2] as in `calibration.fitting.coverage`.
        crosstalk: [4][4] what sensor j feels of a magnet over ring i, over what i feels.
        crosstalk_condition: its condition number.
        participation: how many of the twelve touch values move independently.
        dipole_residual: part of the field of a known ball left unexplained; None without known spots.
        attractor_mt: [4] size of each sensor's rest.
        temperature_c: hottest chip while the board was empty.
        arrangement: is the board built as drawn (`calibration.judging.arrangement`).
        noise_mt: [12] of the rest, behind the hum filter.
        heat: part of the reach by which 15 degrees may shift the rest, worst axis; warmed_k: by how much a
            warm-up that told it warmed, 0: there was none, and heat is what the worst chip does.
        skipped: steps that were left out, and what stands in for them. Without free play the figures of play
            (saturation, coverage, crosstalk, participation, wiring) mean nothing and are not judged.
    """

    snr_db: list[float]
    saturation: list[float]
    full_scale_part: list[float]
    frame_rate_hz: float
    longest_gap: float
    lost: float
    resets: int
    drift: list[float]
    mains: list[float]
    mains_hz: float
    coverage: float
    cells: list[list[list[bool]]]
    crosstalk: list[list[float]]
    crosstalk_condition: float
    participation: float
    dipole_residual: float | None
    attractor_mt: list[float]
    temperature_c: float
    arrangement: Arrangement
    mains_left: list[float] = field(default_factory=lambda: [0.0] * CHANNELS)
    noise_mt: list[float] = field(default_factory=lambda: [0.0] * CHANNELS)
    heat: float = 0.0
    warmed_k: float = 0.0
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def played(self) -> bool:
        """Whether the figures of play mean anything."""
        return "free play" not in self.skipped

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "arrangement": self.arrangement.plain()}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Figures:
        """Back from JSON."""
        known = {part.name for part in fields(cls)} - {"arrangement"}
        built = Arrangement.from_plain(values.get("arrangement") or {})
        return cls(**{key: value for key, value in values.items() if key in known}, arrangement=built)


def measure(
    calibration: Calibration,
    empty: Recording | None,
    free_play: Recording | None,
    *,
    dipole_residual: float | None = None,
    arrangement: Arrangement | None = None,
    skipped: dict[str, str] | None = None,
) -> Figures:
    """Every figure of a fitted calibration; a step that was left out is None."""
    rest, reach = calibration.rest, calibration.response.reach_mt
    noise = calibration.response.dead_zone_mt / 4.0
    played = np.zeros((1, CHANNELS))
    if free_play is not None:
        played = played_field(free_play, rest, calibration.correction, calibration.carry)
    heard = [recording for recording in (empty, free_play) if recording is not None]
    crosstalk = np.eye(SENSORS) if free_play is None else crosstalk_matrix(played)
    touch = static_touch(played, calibration.response)
    return Figures(
        snr_db=_plain(20.0 * np.log10(reach / 2.0 / noise)),
        saturation=_plain(calibration.play.saturation),
        full_scale_part=_plain(_full_scale_part(calibration, heard)),
        frame_rate_hz=calibration.frame_rate_hz,
        longest_gap=max((recording.longest_gap for recording in heard), default=0.0),
        lost=_lost(heard),
        resets=sum(_resets(recording) for recording in heard),
        drift=_plain(np.zeros(CHANNELS) if empty is None else _drift(calibration, empty)),
        mains=_plain(rest.mains_mt.ravel() / reach),
        mains_hz=rest.mains_hz,
        coverage=calibration.play.coverage,
        cells=visited_cells(played, float(noise.max()) * 4.0, float(np.median(reach))).tolist(),
        crosstalk=[_plain(row) for row in crosstalk],
        crosstalk_condition=float(np.linalg.cond(crosstalk)),
        participation=participation_ratio(touch) if free_play is not None else 0.0,
        dipole_residual=dipole_residual,
        attractor_mt=_plain(np.linalg.norm(rest.offset_mt, axis=1)),
        temperature_c=float(rest.temperature_c.max()),
        arrangement=arrangement or Arrangement(),
        mains_left=_plain(np.zeros(CHANNELS) if empty is None else _mains_left(calibration, empty)),
        noise_mt=_plain(rest.noise_mt.ravel()),
        heat=float(heat_part(calibration).max()),
        warmed_k=0.0 if rest.warmth is None else rest.warmth.warmed_k,
        skipped=skipped or {},
    )


def _full_scale_part(calibration: Calibration, heard: list[Recording]) -> Array:
    """[12] the largest field, rest included, over the chip's range."""
    scale = np.array([sensor.full_scale_mt for sensor in calibration.sensors])
    largest = [np.abs(calibration.rest.offset_mt)]
    largest += [np.abs(recording.field_mt).max(axis=0) for recording in heard]
    return np.asarray((np.max(largest, axis=0) / scale).ravel())


def _lost(heard: list[Recording]) -> float:
    if not heard:
        return 0.0
    return float(1.0 - np.concatenate([recording.answered for recording in heard]).all(axis=1).mean())


def _plain(values: Array) -> list[float]:
    return [float(value) for value in values]


def _resets(recording: Recording) -> int:
    """Rising edges of the reset flag, over all chips; the first frame is the start-up."""
    flag = (recording.flags & RESET) != 0
    return int(np.sum(flag[1:] & ~flag[:-1]))


def _drift(calibration: Calibration, empty: Recording) -> Array:
    """[12] slope over ten minutes, part of the reach; within four standard errors it counts as none.

    Block medians are sqrt(pi / 2) less precise than least squares; behind the hum filter frames share noise.
    """
    rest = calibration.rest
    independent = max(empty.frames, 2) / len(rest.mains_taps)
    error = np.sqrt(np.pi / 2.0 * 12.0 / independent) * rest.noise_mt / max(rest.seconds, 1e-3) * 60.0
    sure = np.maximum(np.abs(rest.drift_mt_per_min) - 4.0 * error, 0.0).ravel()
    return np.asarray(10.0 * sure / calibration.response.reach_mt)


def heat_part(calibration: Calibration) -> Array:
    """[12] part of the reach by which HEAT_K may shift the rest.

    What a warm-up left unexplained, ten times (see `python -m bench.heat`) and drawn out to HEAT_K; without
    one the most that a chip's sensitivity changes.
    """
    rest = calibration.rest
    shift = HEAT_K * WORST_CHIP_PER_K * np.abs(rest.offset_mt)
    if rest.warmth is not None:
        shift = 10.0 * rest.warmth.left_mt * max(HEAT_K / rest.warmth.warmed_k, 1.0)
    return np.asarray(shift.ravel() / calibration.response.reach_mt)


def _mains_left(calibration: Calibration, empty: Recording) -> Array:
    """[12] amplitude of the hum behind the filter that the touch uses, part of the reach."""
    taps = calibration.rest.mains_taps
    quiet, time = filtered(empty.field_mt, taps), empty.time_s[len(taps) - 1 :]
    _, left = mains_line(time, quiet, empty.rate_hz)
    return np.asarray(left.ravel() / calibration.response.reach_mt)


def crosstalk_matrix(played_mt: Array) -> Array:
    """[4, 4] C_ij: what sensor j feels while a magnet is close to sensor i, over what i feels itself.

    Other magnets can only add to it, so of those frames the quietest tenth at j counts.
    """
    size = np.linalg.norm(played_mt.reshape(-1, SENSORS, AXES), axis=2)
    matrix = np.eye(SENSORS)
    for i in range(SENSORS):
        own = size[:, i] >= max(float(np.quantile(size[:, i], OWN_FRAMES)), 1e-6)
        ratio = size[own] / size[own, i : i + 1]
        matrix[i] = np.quantile(ratio, QUIETEST, axis=0)
        matrix[i, i] = 1.0
    return matrix
