"""The calibrated touch in plain numpy: what the graph must compute, written a second time to be compared.

Arithmetic follows the dtype of the calibration passed in; the class works in float32 as the graph does.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from calibration.carry import carried
from calibration.model import AXES, CHANNELS, SENSORS, Array, Calibration, Response, Warmth
from calibration.stage import rest as rest_stage
from calibration.stage.response import HALF_KNEES, STRAIGHT_TO
from graphs.clock import LONGEST_DT_S
from graphs.glide import KNOB_GLIDE_S

Float = npt.NDArray[np.floating[Any]]
F = np.float32


def dead_zone(value: Float, width: Float) -> Float:
    """sign(x) max(|x| - width, 0)."""
    return np.asarray(np.sign(value) * np.maximum(np.abs(value) - width, 0))


def soft_limit(value: Float) -> Float:
    """Identity up to STRAIGHT_TO, then tanh of slope 1 towards 1."""
    size = np.abs(value)
    room = value.dtype.type(1.0 - STRAIGHT_TO)
    over = np.maximum(size - value.dtype.type(STRAIGHT_TO), 0)
    return np.asarray(np.sign(value) * (size - over + room * np.tanh(over / room)))


def compress(value: Float, reach: Float, knee: float) -> Float:
    """[..., 12] of [..., 12]: each sensor's field over its length and four knees, 1 at the reach."""
    field = value.reshape(*value.shape[:-1], SENSORS, AXES)
    half = value.dtype.type(HALF_KNEES * knee)
    even = field / (np.sqrt(np.sum(field * field, axis=-1, keepdims=True)) + half)
    return np.asarray(even.reshape(value.shape) * (1 + half / reach), dtype=value.dtype)


def static_touch(corrected_mt: Array, response: Response, knee_mt: float | None = None) -> Array:
    """[N, 12] touch without any memory, for fits and pictures."""
    knee = response.knee_mt if knee_mt is None else knee_mt
    pressed = dead_zone(corrected_mt, response.dead_zone_mt)
    touch = soft_limit(compress(pressed, response.reach_mt - response.dead_zone_mt, knee))
    return np.asarray(touch, dtype=np.float64)


class TouchReference:
    """The calibrated touch frame by frame, in float32."""

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        self.rest = np.zeros((SENSORS, AXES), dtype=F)
        self._offset = calibration.rest.offset_mt.astype(F)
        self._tempco = calibration.rest.tempco_mt_per_k.astype(F)
        self._noise = calibration.rest.noise_mt.astype(F)
        self._seen = np.zeros(SENSORS, dtype=bool)
        self._started = False
        self._history = np.zeros((len(calibration.rest.mains_taps) - 1, SENSORS, AXES), dtype=F)
        self._temperature = np.zeros(SENSORS, dtype=F)
        self._magnets = np.zeros(SENSORS, dtype=F)
        self._warming = np.zeros(SENSORS, dtype=F)
        self._calm = np.zeros((SENSORS, AXES), dtype=F)
        self._spread = np.zeros((SENSORS, AXES), dtype=F)
        self._pending = np.zeros((SENSORS, AXES), dtype=F)
        self._button = 0.0
        self._capture_s = F(0)
        self._captured: list[Float] = []
        self._still_s = F(0)
        self._knee = F(0)
        self._smooth = np.zeros(CHANNELS, dtype=F)
        self._slope = np.zeros(CHANNELS, dtype=F)

    def step(
        self,
        field: npt.ArrayLike,
        dt: float,
        *,
        valid: npt.ArrayLike = (1, 1, 1, 1),
        temperature: npt.ArrayLike | None = None,
        reach: float | None = None,
        rest_capture: float = 0.0,
    ) -> Float:
        """Touch [12] for one frame; arguments as the inputs of the graph."""
        frame = np.asarray(field, dtype=F)
        weight = np.asarray(valid, dtype=F)
        chips = np.asarray(
            self.calibration.rest.temperature_c if temperature is None else temperature, dtype=F
        )
        response = self.calibration.response
        step = F(min(max(dt, 0.0), LONGEST_DT_S))
        new = ~self._seen
        self._seen |= weight > 0

        quiet = self._without_hum(frame, step, new)
        lifted = self._without_rest(quiet, chips, step, new)
        self._settle(lifted, step, new)
        present = weight > F(0.99)
        moved = self._captured_step(step, rest_capture, present) + self._tracked_step(step, present)
        self.rest = (self.rest + moved).astype(F)
        played = lifted - self.rest
        if self.calibration.rest.warmth is not None:
            played = played / self._sensitive(self.calibration.rest.warmth)
        played = played.reshape(CHANNELS)
        if self.calibration.corrected:
            played = self.calibration.correction.astype(F) @ played
        if self.calibration.carry is not None:
            played = carried(played.astype(F), self.calibration.carry)
        knob = F(min(max(response.knee_mt if reach is None else reach, 0.02), 5.0))
        self._knee = (
            knob if not self._started else self._knee + (knob - self._knee) * _follow(step, KNOB_GLIDE_S)
        )
        pressed = dead_zone(played, response.dead_zone_mt.astype(F))
        top = (response.reach_mt - response.dead_zone_mt).astype(F)
        touch = soft_limit(compress(pressed.astype(F), top, float(self._knee)))
        value = touch * np.repeat(weight, AXES)
        return self._one_euro(value.astype(F), step)

    def _without_hum(self, frame: Float, step: np.float32, new: npt.NDArray[np.bool_]) -> Float:
        taps = np.asarray(self.calibration.rest.mains_taps, dtype=F)
        if len(taps) == 1:
            return frame
        self._history[:, new] = frame[new]
        quiet = frame * taps[0] + (self._history * taps[1:, None, None]).sum(axis=0)
        if step > 0:
            self._history = np.concatenate([frame[None], self._history[:-1]])
        return np.asarray(quiet)

    def _without_rest(
        self, quiet: Float, chips: Float, step: np.float32, new: npt.NDArray[np.bool_]
    ) -> Float:
        slow = _follow(step, rest_stage.THERMOMETER_S)
        glided = self._temperature + (chips - self._temperature) * slow
        self._temperature = np.where(new, chips, glided).astype(F)
        warming = self._temperature - self.calibration.rest.temperature_c.astype(F)
        self._warming = warming
        warmth = self.calibration.rest.warmth
        if warmth is None:
            return np.asarray(quiet - (self._offset + warming[:, None] * self._tempco))
        towards = warming + warmth.behind_k.astype(F) - self._magnets
        moved = self._magnets + towards * (step / (step + warmth.lag_s.astype(F)))
        self._magnets = np.where(new, warming, moved).astype(F)
        chip, magnet = warmth.chip_mt_per_k.astype(F), warmth.magnet_mt_per_k.astype(F)
        of_magnets = self._magnets[:, None] * magnet * self._sensitive(warmth)
        return np.asarray(quiet - self._offset - warming[:, None] * chip - of_magnets)

    def _sensitive(self, warmth: Warmth) -> Float:
        part = F(1) + self._warming * warmth.sensitivity_per_k.astype(F)
        return np.asarray(np.maximum(part, F(0.5))[:, None])

    def _settle(self, lifted: Float, step: np.float32, new: npt.NDArray[np.bool_]) -> None:
        weight = _follow(step, rest_stage.CALM_S)
        change = lifted - self._calm
        rows = new[:, None]
        self._calm = np.where(rows, lifted, self._calm + change * weight).astype(F)
        square = change * (lifted - self._calm)
        self._spread = np.where(rows, self._noise**2, self._spread + (square - self._spread) * weight).astype(
            F
        )

    def _captured_step(self, step: np.float32, button: float, present: npt.NDArray[np.bool_]) -> Float:
        running = self._capture_s > 0
        pressed = 1.0 if button > 0.5 else 0.0
        begins = not running and pressed - self._button > 0.5
        self._button = pressed
        later = F(self._capture_s + step)
        if begins:
            self._captured = [self._calm, self._calm, self._calm]
        else:
            mean, low, high = self._captured or [np.zeros_like(self._calm)] * 3
            share = F(step / max(later, F(1e-6)))
            mean = (mean + (self._calm - mean) * share).astype(F)
            self._captured = [mean, np.minimum(low, self._calm), np.maximum(high, self._calm)]
        if begins or running:
            if later >= rest_stage.CAPTURE_S:
                mean, low, high = self._captured
                limit = F(rest_stage.CAPTURE_SPREAD_SIGMAS) * self._noise
                if ((high - low <= limit) | ~present[:, None]).all():
                    self._pending = np.where(present[:, None], mean - self.rest, F(0)).astype(F)
                self._capture_s = F(0)
            else:
                self._capture_s = max(later, F(1e-6))
        moved = self._pending * _follow(step, rest_stage.CAPTURE_GLIDE_S)
        self._pending = (self._pending - moved).astype(F)
        return moved

    def _tracked_step(self, step: np.float32, present: npt.NDArray[np.bool_]) -> Float:
        residual = self._calm - self.rest
        quiet = np.abs(residual) <= F(4.0) * self._noise
        steady = self._spread <= (F(rest_stage.STILL_SIGMAS) * self._noise) ** 2
        empty = bool((quiet | ~present[:, None]).all())
        moves = not (steady | ~present[:, None]).all()
        still = (empty or self._alike(residual * present[:, None])) and not moves
        self._still_s = min(self._still_s + step, F(2.0 * rest_stage.STILL_S)) if still else F(0)
        if self._still_s < rest_stage.STILL_S:
            return np.zeros_like(residual)
        reach = self.calibration.response.reach_mt.reshape(SENSORS, AXES)
        most = (rest_stage.TRACKING_PER_S * reach).astype(F) * step
        return np.asarray(np.clip(residual, -most, most) * present[:, None])

    def _alike(self, residual: Float) -> bool:
        field = self.calibration.correction.astype(F) @ residual.reshape(CHANNELS).astype(F)
        mean = field.reshape(SENSORS, AXES).mean(axis=0)
        shared = SENSORS * float(np.sum(mean * mean))
        return shared >= rest_stage.FOLLOWED_ALIKE * float(np.sum(field * field))

    def _one_euro(self, value: Float, step: np.float32) -> Float:
        response = self.calibration.response
        if not self._started:
            self._started = True
            self._smooth = value
            return value
        if step > 0:
            slope_new = (value - self._smooth) / step
            self._slope = _blend(self._slope, slope_new, response.derivative_cutoff_hz, step)
            cutoff = F(response.min_cutoff_hz) + F(response.beta) * np.abs(self._slope)
            self._smooth = _blend(self._smooth, value, cutoff, step)
        return self._smooth


def _follow(step: np.float32, time_constant_s: float) -> np.float32:
    weight: np.float32 = step / (step + F(time_constant_s))
    return weight


def _blend(old: Float, new: Float, cutoff_hz: Float | float, step: np.float32) -> Float:
    angle = F(2.0 * math.pi) * np.asarray(cutoff_hz, dtype=F) * step
    weight = angle / (F(1) + angle)
    return np.asarray(old + (new - old) * weight, dtype=F)
