"""What goes wrong with a board, its magnets and its room: each with the words that name its cause."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from calibration.board_model import ball_moment, dipole_mt
from calibration.model import AXES, SENSORS, Array
from tests.support.harsh.boards import Board

Break = Callable[[Board], None]


@dataclass(frozen=True)
class Fault:
    """A name, what it does to a healthy board, and words one of which a right verdict says."""

    name: str
    breaks: Break
    words: tuple[str, ...]


def axes(sensor: int, matrix: Array) -> Break:
    """This sensor's axes (-1: every sensor's) as they come over the cable."""

    def breaks(board: Board) -> None:
        def shown(field: Array) -> Array:
            out: Array = field.copy()
            part = slice(None) if sensor < 0 else slice(sensor, sensor + 1)
            out[:, part] = field[:, part] @ matrix.T
            return out

        board.shown = shown

    return breaks


def order(*places: int) -> Break:
    """Sensors in other places than the settings say."""

    def breaks(board: Board) -> None:
        board.shown = lambda field: field[:, list(places)]

    return breaks


def wrap(sensor: int | None, top_mt: float) -> Break:
    """Counts that wrap at ± this field and say nothing."""

    def breaks(board: Board) -> None:
        def shown(field: Array) -> Array:
            out: Array = field.copy()
            part = slice(None) if sensor is None else slice(sensor, sensor + 1)
            out[:, part] = (field[:, part] + top_mt) % (2.0 * top_mt) - top_mt
            return out

        board.shown = shown

    return breaks


def stack(sensor: int, *, strength: float = 1.0, beside_mm: float = 0.0, tilt_deg: float = 0.0) -> Break:
    """One stack (-1: all of them) that is not as the others."""

    def breaks(board: Board) -> None:
        rows = slice(None) if sensor < 0 else sensor
        board.stacks.strength[rows] *= strength
        board.stacks.sideways_mm[rows, 0] += beside_mm
        board.stacks.tilt[rows, 1] += np.deg2rad(tilt_deg)

    return breaks


def mount(
    sensor: int,
    *,
    gain: float = 1.0,
    turn_deg: float = 0.0,
    lean_deg: float = 0.0,
    side: float = 0.0,
    up: float = 0.0,
) -> Break:
    """One sensor that no workshop would let pass."""

    def breaks(board: Board) -> None:
        old = board.mounting
        gains, rotation = old.gain.copy(), old.rotation.copy()
        sideways, height = old.sideways_mm.copy(), old.height_mm.copy()
        gains[sensor] *= gain
        rotation[sensor] += np.deg2rad([lean_deg, 0.0, turn_deg])
        sideways[sensor, 0] += side
        height[sensor] += up
        board.mounting = replace(old, gain=gains, rotation=rotation, sideways_mm=sideways, height_mm=height)

    return breaks


def left_near(place_mm: tuple[float, float, float], size_mm: float, steps: tuple[str, ...]) -> Break:
    """A marble that lies somewhere, in some of the steps ("empty", "play", "gig")."""

    def breaks(board: Board) -> None:
        def extra(points: Array, step: str) -> Array:
            if step not in steps:
                return np.zeros((SENSORS, AXES))
            moment = ball_moment(size_mm) * np.array([0.0, 0.0, 1.0])
            return dipole_mt(np.array(place_mm), moment, points)

        board.extra_mt = extra

    return breaks


def ambient(change_mt: tuple[float, float, float], steps: tuple[str, ...]) -> Break:
    """Another uniform field in some of the steps."""

    def breaks(board: Board) -> None:
        board.extra_mt = lambda points, step: np.tile(np.array(change_mt) * (step in steps), (SENSORS, 1))

    return breaks


def steel(below_mm: float) -> Break:
    """A steel plate this far below the surface."""

    def breaks(board: Board) -> None:
        board.mirror_plane_mm = -below_mm

    return breaks


def hum(frequency: float, amplitude_mt: float) -> Break:
    """A transformer beside the board."""

    def breaks(board: Board) -> None:
        board.hum_hz, board.hum_mt = frequency, amplitude_mt

    return breaks


def noisy(noise_mt: float) -> Break:
    """A supply that shakes."""

    def breaks(board: Board) -> None:
        board.noise_mt = noise_mt

    return breaks


TURN = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
EXCHANGED, TURNED, SIGN = ("exchanged",), ("turned", "turn"), ("wrong sign", "mirrored")
REST = ("rest shows", "something lay near", "moving")


def _wiring() -> list[Fault]:
    found = []
    for sensor in (0, 1, 3):
        for quarter in (1, 2, 3):
            matrix = np.linalg.matrix_power(TURN, quarter)
            found.append(Fault(f"sensor {sensor + 1} turned {90 * quarter}", axes(sensor, matrix), TURNED))
    for sensor, flip in ((0, (1, -1, -1)), (2, (-1, 1, -1)), (3, (1, -1, -1))):
        down = ("upside down", f"sensor {sensor + 1}")
        found.append(
            Fault(f"sensor {sensor + 1} upside down {flip}", axes(sensor, np.diag(flip).astype(float)), down)
        )
    for sensor in (1, 2):
        for axis in range(AXES):
            signs = np.ones(AXES)
            signs[axis] = -1.0
            words = (*SIGN, "upside down") if axis == 2 else SIGN
            found.append(
                Fault(f"sensor {sensor + 1} {'xyz'[axis]} wrong sign", axes(sensor, np.diag(signs)), words)
            )
    swap = np.array([[0.0, 1, 0], [1, 0, 0], [0, 0, 1]])
    found.append(Fault("sensor 3 x and y exchanged", axes(2, swap), ("mirrored",)))
    found.append(
        Fault("sensor 1 y and z exchanged", axes(0, swap[[2, 0, 1]][:, [2, 0, 1]]), ("mirrored", "sensor 1"))
    )
    found.append(Fault("sensor 4 x y z in a ring", axes(3, np.eye(3)[[1, 2, 0]]), ("turned", "sensor 4")))
    for quarter in (1, 2, 3):
        matrix = np.linalg.matrix_power(TURN, quarter)
        found.append(Fault(f"every sensor turned {90 * quarter}", axes(-1, matrix), ("every sensor",)))
    found.append(Fault("every x wrong sign", axes(-1, np.diag([-1.0, 1, 1])), ("every sensor",)))
    found.append(
        Fault("every z wrong sign", axes(-1, np.diag([1.0, 1, -1])), ("every sensor", "every stack"))
    )
    found.append(Fault("every sign wrong", axes(-1, -np.eye(3)), ("every stack", "every sensor")))
    for one, other in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3)):
        places = [0, 1, 2, 3]
        places[one], places[other] = other, one
        found.append(Fault(f"sensors {one + 1} and {other + 1} exchanged", order(*places), EXCHANGED))
    rings = {
        "ring 1234": (1, 2, 3, 0),
        "ring 4321": (3, 0, 1, 2),
        "ring of 1 2 3": (1, 2, 0, 3),
        "two pairs": (1, 0, 3, 2),
    }
    found += [Fault(f"sensors in a {name}", order(*places), EXCHANGED) for name, places in rings.items()]
    return found


def _magnets() -> list[Fault]:
    found = []
    for sensor in (0, 1, 2, 3):
        found.append(Fault(f"stack {sensor + 1} upside down", stack(sensor, strength=-1.0), ("upside down",)))
    found.append(Fault("every stack upside down", stack(-1, strength=-1.0), ("every stack",)))
    for sensor, strength in ((0, 0.5), (1, 0.6), (2, 0.02), (3, 0.3)):
        words = ("weak", "missing")
        found.append(
            Fault(f"stack {sensor + 1} at {100 * strength:.0f} %", stack(sensor, strength=strength), words)
        )
    for sensor, strength in ((0, 1.5), (2, 1.8)):
        found.append(
            Fault(
                f"stack {sensor + 1} at {100 * strength:.0f} %", stack(sensor, strength=strength), ("strong",)
            )
        )
    for sensor, beside in ((0, 6.0), (1, 10.0), (3, -8.0)):
        found.append(
            Fault(f"stack {sensor + 1} {beside:g} mm beside", stack(sensor, beside_mm=beside), ("leans",))
        )
    for sensor, tilt in ((2, 15.0), (3, 25.0)):
        found.append(Fault(f"stack {sensor + 1} leans {tilt:g}", stack(sensor, tilt_deg=tilt), ("leans",)))
    return found


def _sensors() -> list[Fault]:
    found = [
        Fault(f"sensor {k + 1} shows {gain:g}", mount(k, gain=gain), ("shows", "weak", "strong"))
        for k, gain in ((0, 0.5), (1, 2.0), (2, 0.6), (3, 1.6))
    ]
    found += [
        Fault(f"sensor {k + 1} turned {a:g}", mount(k, turn_deg=a), ("turned",))
        for k, a in ((0, 20.0), (2, 45.0))
    ]
    found += [
        Fault(f"sensor {k + 1} leans {a:g}", mount(k, lean_deg=a), ("turned", "leans"))
        for k, a in ((1, 20.0), (3, 35.0))
    ]
    found += [
        Fault(f"sensor {k + 1} {a:g} mm beside", mount(k, side=a), ("from its place", "leans"))
        for k, a in ((0, 6.0), (2, 10.0))
    ]
    found += [
        Fault(f"sensor {k + 1} {a:g} mm high", mount(k, up=a), ("from its place",))
        for k, a in ((1, 7.0), (3, -8.0))
    ]
    found += [Fault(f"counts wrap at {top:g} mT", wrap(None, top), ("wrap",)) for top in (4.9, 9.83)]
    found += [
        Fault(f"sensor 2 wraps at {top:g} mT", wrap(1, top), ("wrap", "missing", "weak"))
        for top in (4.9, 9.83)
    ]
    return found


def _room() -> list[Fault]:
    found = []
    for place, size in (
        ((0.0, 0.0, -90.0), 15.0),
        ((0.0, 0.0, -60.0), 15.0),
        ((130.0, 0.0, 10.0), 20.0),
        ((-40.0, 40.0, -80.0), 20.0),
    ):
        where = f"a {size:g} mm marble at {place} while empty"
        found.append(Fault(where, left_near(place, size, ("empty",)), REST))
    found.append(
        Fault(
            "a marble left near in play and after", left_near((0.0, 150.0, 10.0), 20.0, ("play", "gig")), REST
        )
    )
    for change in ((0.2, 0.0, 0.0), (0.0, 0.0, -0.15), (-0.1, 0.1, 0.1)):
        found.append(Fault(f"ambient {change} while empty", ambient(change, ("empty",)), REST))
    found += [
        Fault(f"steel {below:g} mm below", steel(below), ("unexplained", "steel"))
        for below in (55.0, 70.0, 100.0)
    ]
    for frequency, level in (
        (16.7, 0.05),
        (16.7, 0.2),
        (50.0, 0.2),
        (60.0, 0.2),
        (100.0, 0.1),
        (100.0, 0.3),
        (50.0, 1.0),
    ):
        found.append(
            Fault(
                f"{frequency:g} Hz hum of {1000 * level:.0f} µT",
                hum(frequency, level),
                (f"{frequency:g} Hz",),
            )
        )
    found += [
        Fault(f"noise of {1000 * level:.0f} µT", noisy(level), ("faint", "noise")) for level in (0.05, 0.15)
    ]
    return found


FAULTS = (*_wiring(), *_magnets(), *_sensors(), *_room())
