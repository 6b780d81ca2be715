"""Reasons that lie in how the board is built: wiring, stacks, places, and a rest that was none."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from calibration.fitting.one_spot import PLAUSIBLE as PLAUSIBLE_SPOT
from calibration.fitting.one_spot import SPOT
from calibration.fitting.wiring import PLAUSIBLE
from calibration.judging.arrangement import Arrangement
from calibration.judging.figures import Figures
from calibration.judging.finding import CARE, STOP, Finding
from calibration.model import CHANNELS, SENSORS, channel_name

# An attractor whose rest is this much weaker than the typical one has lost a disc, or all of them.
WEAK, MISSING, AT_ALL = 0.65, 0.3, 0.03
# The same, and the other way, where gain and height of the sensor are known.
KNOWN_WEAK, KNOWN_STRONG, STRONG = 0.72, 1.38, 1.65
# A stack 1 mm beside its sensor looks like 2 degrees.
LEANS_DEG, KNOWN_LEANS_DEG = 14.0, 9.5
FAR_MM, TURNED_DEG, GAIN_OFF = 4.6, 11.0, 0.25
BIAS_MT = 0.035
# Of a lone marble's field: more is no board of a workshop; and how many frames must say so.
UNEXPLAINED, FEW_FRAMES = 0.0075, 40
FEW_NEAR = 5
# Of a known ball, all chips together.
SHOWS_LITTLE, SHOWS_MUCH = 0.72, 1.38
ONE_MARBLE = "roll one marble alone over every ring (10 s), nothing else on the board, and repeat free play"


def built(figures: Figures) -> Iterator[Finding]:
    """Everything about the arrangement that is not as drawn, or could not be checked."""
    shown = figures.arrangement
    yield from _attractors(shown)
    if not figures.played:
        return
    for channel in shown.wrapped:
        cause = f"{channel_name(channel)} jumps from one end of its range to the other: its counts wrap"
        yield Finding(STOP, "range", cause, "choose a wider range or resolution 2 or 3 for the chips")
        return
    if shown.cause:
        yield Finding(STOP, "wiring", shown.cause, shown.remedy)
        return
    yield from _spot(shown)
    yield from _places(shown)
    yield from _misfit(shown)


def _attractors(shown: Arrangement) -> Iterator[Finding]:
    strength = np.array(shown.strength)
    typical = float(np.median(strength))
    if typical < AT_ALL:
        yield Finding(CARE, "attractors", "no attractor magnet is felt", "put the stacks under the sensors")
        return
    if len(shown.upside_down) == SENSORS:
        cause = "all four rests point down: every stack, or every sensor, is upside down"
        yield Finding(STOP, "attractors", cause, "turn the stacks north up, or set the sensors' axes")
    elif shown.upside_down and not shown.cause:
        names = " and ".join(str(k + 1) for k in shown.upside_down)
        cause = f"the magnet of attractor {names} is upside down (or its sensor)"
        yield Finding(STOP, "attractors", cause, "turn the stack so that its north is up, as the others")
    weak, strong = (KNOWN_WEAK, KNOWN_STRONG) if shown.known else (WEAK, STRONG)
    for sensor in range(SENSORS):
        part = strength[sensor] / typical
        if part < MISSING:
            cause = f"the magnet of attractor {sensor + 1} is missing"
            yield Finding(STOP, "attractors", cause, "put it back, then calibrate again")
        elif part < weak:
            cause = f"the magnet of attractor {sensor + 1} is weak ({100 * part:.0f} % of the others)"
            yield Finding(CARE, "attractors", cause, "look for a missing disc, or a larger gap to the sensor")
        elif part > strong:
            cause = f"the magnet of attractor {sensor + 1} is strong ({100 * part:.0f} % of the others)"
            do = "look for a disc too many, or a smaller gap to the sensor"
            yield Finding(CARE, "attractors", cause, do)
        elif shown.lean_deg[sensor] > (KNOWN_LEANS_DEG if shown.known else LEANS_DEG):
            lean = f"leans by {shown.lean_deg[sensor]:.0f} degrees or lies beside"
            cause = f"the magnet of attractor {sensor + 1} {lean}"
            yield Finding(CARE, "attractors", cause, "put the stack upright, right under its sensor")


def _places(shown: Arrangement) -> Iterator[Finding]:
    for sensor in range(SENSORS):
        if shown.shift_mm[sensor] > FAR_MM:
            cause = f"sensor {sensor + 1} sits {shown.shift_mm[sensor]:.0f} mm from its place"
            yield Finding(CARE, "place", cause, "mount it under the centre of its ring, at the drawn depth")
        if shown.turn_deg[sensor] > TURNED_DEG:
            cause = f"sensor {sensor + 1} is turned by {shown.turn_deg[sensor]:.0f} degrees"
            yield Finding(CARE, "place", cause, "mount it level and square to the board")
    off = np.abs(np.log(np.array(shown.gain)))
    worst = int(off.argmax()) if len(off) == CHANNELS else 0
    if off[worst] > GAIN_OFF:
        cause = f"{channel_name(worst)} shows {shown.gain[worst]:.2f} of what it should"
        do = "compare the range settings of the four chips, then exchange the chip"
        yield Finding(CARE, "gain", cause, do)


def _spot(shown: Arrangement) -> Iterator[Finding]:
    """What one ball on one spot shows beside a wrong arrangement."""
    misfit, shows = shown.spot_misfit, shown.spot_shows
    if misfit is None or shows is None:
        return
    if misfit > PLAUSIBLE_SPOT:
        who = "" if shown.spot_suspect is None else f"; sensor {shown.spot_suspect + 1} shows least of it"
        cause = f"one ball on the {SPOT.name} is not felt as it should be (misfit {misfit:.1f}{who})"
        yield Finding(
            STOP, "wiring", cause, "check the axes and the cable of that sensor, and the ball's place"
        )
    elif not SHOWS_LITTLE < shows < SHOWS_MUCH:
        cause = f"all chips together show {shows:.2f} of a known ball"
        yield Finding(
            CARE, "gain", cause, "check the ball's diameter (--ball-mm) and the chips' range settings"
        )


def spot_would_tell(figures: Figures) -> str:
    """What only one ball on one spot can tell, in words; empty where it is known."""
    shown = figures.arrangement
    if not figures.played or shown.spot_misfit is not None or figures.dipole_residual is not None:
        return ""
    return (
        "free play cannot tell a turned, mirrored or wrongly signed board from another that is in order, "
        "nor what all chips together show: one ball on one spot (10 s) tells"
    )


def _misfit(shown: Arrangement) -> Iterator[Finding]:
    if shown.bias_mt > BIAS_MT:
        where = channel_name(shown.bias_channel)
        shows = f"the rest shows {1000 * shown.bias_mt:.0f} µT too much at {where}"
        do = "take every magnet and tool a metre away, and repeat the empty board"
        lay = "something lay near the empty board, or steel is under it"
        yield Finding(CARE, "rest", f"{shows}: {lay}", do)
        return
    seen = shown.unexplained
    if _seen_enough(shown) and seen is not None and seen > UNEXPLAINED:
        cause = f"{100 * seen:.1f} % of a lone marble's field is unexplained{_suspect(shown)}"
        yield Finding(CARE, "wiring", cause, "look for steel or a magnet near the board; " + ONE_MARBLE)


def unchecked(figures: Figures) -> Iterator[Finding]:
    """What free play did not show: wiring and places, where no marble was alone."""
    shown = figures.arrangement
    if not figures.played or shown.cause or shown.wrapped or _seen_enough(shown):
        return
    where = "" if not shown.lone_frames else " near every sensor"
    lay = ", or something lay near the empty board" if shown.misfit > PLAUSIBLE else ""
    alone = f"no marble was alone{where}{lay} (misfit {shown.misfit:.1f}{_suspect(shown)})"
    right = shown.spot_misfit is not None and shown.spot_misfit <= PLAUSIBLE_SPOT
    what = "wiring is right by one ball, but places" if right else "wiring and places"
    yield Finding(CARE, "unchecked", f"{what} could not be checked: {alone}", ONE_MARBLE)


def _seen_enough(shown: Arrangement) -> bool:
    return shown.lone_frames >= FEW_FRAMES and min(shown.near) >= FEW_NEAR


def _suspect(shown: Arrangement) -> str:
    return "" if shown.suspect is None else f"; sensor {shown.suspect + 1} fits the others least"
