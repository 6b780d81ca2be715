"""Is the board built as drawn? Signs of the rest, wiring, stacks and the rest itself, sensor by sensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from calibration.board_model import Mounting
from calibration.fitting.lone import Told
from calibration.fitting.one_spot import SpotTold
from calibration.fitting.spots import SpotFit
from calibration.fitting.wiring import PLAUSIBLE, check_wiring, wiring_words
from calibration.model import CHANNELS, SENSORS, Array, Rest
from geometry import BoardGeometry
from sensors.simulation.magnets import stack_field_ut

# A jump of a channel from one end of what it shows to the other, in one frame.
WRAP_ENDS, WRAPS = 0.8, 3
LEAST_WRAP_MT = 2.0
# A stack that is missing leaves the others' field, which points down.
LEAST_DOWN_MT = 6.0
# Frames that agree on what the rest shows too much.
ENOUGH_FRAMES = 40


@dataclass(frozen=True)
class Arrangement:
    """What the board looks like; lists count sensors from the first.

    Attributes:
        misfit: of one magnet alone in the given arrangement, in units of what a workshop explains.
        unexplained: part of a lone magnet's field that no board explains; None when none was alone.
        lone_frames: in how many frames one magnet was alone; near: [4] over each sensor.
        cause, remedy: of a wrong arrangement that was found, else "".
        suspect: the sensor that fits the others least where nothing explains the misfit, or None.
        upside_down: sensors whose rest points down.
        strength: [4] of each stack, of the nominal one; lean_deg: [4] from upright.
        shift_mm: [4] how far each sensor sits from its place; gain: [4, 3] found, of all; turn_deg: [4].
        bias_mt: how much the rest shows too much, at the worst channel; bias_channel: which.
        wrapped: channels that jump from one end of their range to the other.
        spot_misfit: what one ball on one spot leaves unexplained, in units of what a workshop explains;
            spot_suspect: the sensor that shows least what it should, or None; spot_shows: what the chips show
            of the known ball, all together. None where no ball was put there.
        known: whether the board was found, by lone magnets or known spots; else these are the nominal ones.
    """

    misfit: float = 0.0
    unexplained: float | None = None
    lone_frames: int = 0
    near: tuple[int, ...] = (0, 0, 0, 0)
    cause: str = ""
    remedy: str = ""
    suspect: int | None = None
    upside_down: tuple[int, ...] = ()
    strength: tuple[float, ...] = (1.0,) * SENSORS
    lean_deg: tuple[float, ...] = (0.0,) * SENSORS
    shift_mm: tuple[float, ...] = (0.0,) * SENSORS
    gain: tuple[float, ...] = (1.0,) * CHANNELS
    turn_deg: tuple[float, ...] = (0.0,) * SENSORS
    bias_mt: float = 0.0
    bias_channel: int = 0
    wrapped: tuple[int, ...] = ()
    spot_misfit: float | None = None
    spot_suspect: int | None = None
    spot_shows: float | None = None
    known: bool = False

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        values = asdict(self).items()
        return {key: list(value) if isinstance(value, tuple) else value for key, value in values}

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> Arrangement:
        """Back from JSON."""
        built: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return cls(**built)


def arrangement(rest: Rest, raw: Array | None, told: Told | None, spots: SpotFit | None) -> Arrangement:
    """Everything that can be said of the board.

    Args:
        raw: [N, 12] free play, rest and hum removed; None when it was left out.
        told: what lone magnets told; spots: what known spots told.
    """
    board = spots.mounting if spots is not None else told.mounting if told is not None and told.sure else None
    mounting = board or Mounting()
    strength, lean = _stacks(rest, mounting)
    down = tuple(k for k in range(SENSORS) if rest.offset_mt[k, 2] < -LEAST_DOWN_MT)
    gain = mounting.gain / np.exp(np.mean(np.log(mounting.gain))) if spots is None else mounting.gain
    found: dict[str, Any] = {
        "upside_down": down,
        "strength": _plain(strength),
        "lean_deg": _plain(lean),
        "shift_mm": _plain(np.linalg.norm(mounting.shift_mm, axis=1)),
        "gain": _plain(gain.ravel()),
        "turn_deg": _plain(np.rad2deg(np.linalg.norm(mounting.rotation, axis=1))),
        "known": board is not None,
    }
    if raw is None or not len(raw):
        return Arrangement(**found)
    found["wrapped"] = _wrapped(raw)
    if told is not None:
        worst = int(np.abs(told.bias_mt).argmax())
        found |= {
            "lone_frames": told.frames,
            "near": told.near,
            "unexplained": told.misfit,
            "bias_mt": float(np.abs(told.bias_mt).max()) if told.frames >= ENOUGH_FRAMES else 0.0,
            "bias_channel": worst,
        }
    if told is not None and told.sure:
        return Arrangement(**found)
    wiring = check_wiring(raw)
    cause, remedy = wiring_words(wiring) if wiring.found else ("", "")
    if told is not None and told.fits and not cause:  # a board, but none that a workshop makes
        found["turn_deg"] = _plain(np.rad2deg(np.linalg.norm(told.mounting.rotation, axis=1)))
    suspect = wiring.suspect if wiring.misfit > PLAUSIBLE else None
    return Arrangement(**found, misfit=wiring.misfit, cause=cause, remedy=remedy, suspect=suspect)


def with_spot(given: Arrangement, told: SpotTold) -> Arrangement:
    """The same board after one ball on one spot: a wrong arrangement is named without another beside it."""
    named = (given.cause, given.remedy)
    cause, remedy = wiring_words(told.wiring, placed=True) if told.wiring.found else named
    return replace(
        given,
        cause=cause,
        remedy=remedy,
        spot_misfit=told.misfit,
        spot_suspect=told.wiring.suspect,
        spot_shows=told.shows,
    )


def _plain(values: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _stacks(rest: Rest, mounting: Mounting) -> tuple[Array, Array]:
    """[4] strength of each stack, of what the nominal one makes there; [4] degrees from its direction."""
    shown = np.einsum("kij,kj->ki", np.linalg.inv(mounting.matrices()), rest.offset_mt)
    nominal = stack_field_ut(BoardGeometry(), mounting.points_mm()) * 1e-3
    size, wanted = np.linalg.norm(shown, axis=1), np.linalg.norm(nominal, axis=1)
    cosine = np.abs(np.sum(shown * nominal, axis=1)) / np.maximum(size * wanted, 1e-9)
    return size / wanted, np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0)))


def _wrapped(raw: Array) -> tuple[int, ...]:
    """Channels that jump from near their highest to near their lowest, or back, in one frame, often."""
    low, high = raw.min(axis=0), raw.max(axis=0)
    middle, half = (low + high) / 2.0, np.maximum((high - low) / 2.0, 1e-9)
    place = (raw - middle) / half
    jumps = np.abs(np.diff(place, axis=0)) > 2.0 * WRAP_ENDS
    often = (jumps.sum(axis=0) >= WRAPS) & (half > LEAST_WRAP_MT)
    return tuple(int(channel) for channel in np.flatnonzero(often))
