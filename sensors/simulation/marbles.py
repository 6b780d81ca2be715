"""Magnetic marbles on the board: carried by a hand, or let go, rolling, meeting, snapping to each other.

A free marble turns until its pole lies along the field of the stacks and of the other marbles, as a ball on a
smooth board does. Then it is drawn towards a stack, and towards a marble that lies in line with it. Rolling
friction holds it below a threshold. What moves it is solved once in STEP_S.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geometry import BoardGeometry
from sensors.simulation.magnets import MU0, cylinder_field_ut

Vector = tuple[float, float, float]

STEP_S = 0.005
STEEL_DENSITY = 7500.0
"""kg/m³ of sintered neodymium."""
REMANENCE_T = 1.30
GRAVITY = 9.81
ROLLING = 0.03
"""Rolling friction on varnished wood, as a share of weight and pull of the stacks together (assumed)."""
FASTEST_MM_S = 1500.0
HAND_S = 0.015
"""A hand reaches a new place with this time constant: it does not jump between two events of a pointer."""
BOUNCE = 0.3
MOST_PULL_M_S = 0.75
"""What two marbles give each other in a step; beside each other it would be more than a step can follow."""
CLOSE = 1.03
"""Marbles that draw each other hold as one up to this share of the distance at which they touch."""
RUBBING = 0.5
"""Friction of nickel on nickel: two balls that roll rub where they press on each other."""
PROBE_MM = 0.5


@dataclass
class Marble:
    """A ball magnet.

    Attributes:
        diameter_mm: of the ball.
        place: x, y on the board and the height of its lowest point, mm.
        held: carried by a hand towards `target`; else it rolls.
        pole: unit vector of its magnetisation.
        set_pole: 1: a hand keeps its north pole up, -1: down, 0: it turns as the field does.
        velocity: mm/s along x and y, of a free marble.
    """

    diameter_mm: float
    place: Vector
    held: bool = False
    target: Vector = (0.0, 0.0, 0.0)
    pole: Vector = (0.0, 0.0, 1.0)
    velocity: tuple[float, float] = (0.0, 0.0)
    set_pole: int = 0
    moment: float = field(init=False)
    mass: float = field(init=False)

    def __post_init__(self) -> None:
        volume = math.pi / 6.0 * (self.diameter_mm * 1e-3) ** 3
        self.moment = volume * REMANENCE_T / MU0
        self.mass = volume * STEEL_DENSITY

    @property
    def centre(self) -> Vector:
        """Of the ball, mm."""
        x, y, z = self.place
        return (x, y, z + self.diameter_mm / 2.0)


class StackTable:
    """Field of the four stacks from a table over distance and height: 10 µs where magpylib takes 3 ms.

    Within 0.6 % of magpylib for every place from the surface to 120 mm above it.
    """

    REACH_MM, HEIGHT_MM, STEP_R_MM, STEP_Z_MM = 320, 160, 2.0, 2.0

    def __init__(self, geometry: BoardGeometry) -> None:
        self._at = [(float(x), float(y)) for x, y in geometry.attractors_mm()]
        below = geometry.sensor_depth_mm + geometry.stack_gap_mm + geometry.stack_height_mm / 2.0
        r = np.arange(0.0, self.REACH_MM + self.STEP_R_MM, self.STEP_R_MM)
        z = np.arange(0.0, self.HEIGHT_MM + self.STEP_Z_MM, self.STEP_Z_MM)
        grid = np.stack(np.meshgrid(r, [0.0], z, indexing="ij"), axis=-1).reshape(-1, 3)
        grid[:, 2] += below
        made = cylinder_field_ut(
            geometry.stack_diameter_mm, geometry.stack_height_mm, geometry.remanence_t, grid
        )
        self._out: list[list[float]] = made[:, 0].reshape(len(r), len(z)).tolist()
        self._up: list[list[float]] = made[:, 2].reshape(len(r), len(z)).tolist()

    def __call__(self, place: Vector) -> Vector:
        """µT at a place, mm, not below the surface."""
        x, y, z = place
        row = min(max(z, 0.0), self.HEIGHT_MM - 1e-6) / self.STEP_Z_MM
        j = int(row)
        v = row - j
        bx = by = bz = 0.0
        for ax, ay in self._at:
            dx, dy = x - ax, y - ay
            r = math.hypot(dx, dy)
            column = min(r, self.REACH_MM - 1e-6) / self.STEP_R_MM
            i = int(column)
            u = column - i
            w = ((1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v)
            out, next_out, up, next_up = self._out[i], self._out[i + 1], self._up[i], self._up[i + 1]
            if r > 1e-9:
                radial = w[0] * out[j] + w[1] * out[j + 1] + w[2] * next_out[j] + w[3] * next_out[j + 1]
                bx += radial * dx / r
                by += radial * dy / r
            bz += w[0] * up[j] + w[1] * up[j + 1] + w[2] * next_up[j] + w[3] * next_up[j + 1]
        return bx, by, bz


def dipole_ut(source: Marble, place: Vector) -> Vector:
    """Field of a marble, µT, at a place outside it, mm; inside, that of its surface."""
    centre = source.centre
    x, y, z = ((place[k] - centre[k]) * 1e-3 for k in range(3))
    r = max(math.sqrt(x * x + y * y + z * z), source.diameter_mm * 0.5e-3)
    px, py, pz = source.pole
    along = 3.0 * (px * x + py * y + pz * z) / (r * r)
    size = 0.1 * source.moment / r**3  # µ0/4π in µT
    return size * (along * x - px), size * (along * y - py), size * (along * z - pz)


class Marbles:
    """All marbles of a board, moved on in steps of STEP_S."""

    def __init__(self, stacks: StackTable, marbles: dict[int, Marble], edge_mm: float = 175.0) -> None:
        self.stacks = stacks
        self.all = marbles
        self.edge_mm = edge_mm
        self.at_rest = False
        self._stuck: set[tuple[int, int]] = set()
        self._rub: dict[int, float] = {}
        for _ in range(4):
            self._turn()

    def step(self) -> None:
        """Moves everything on by STEP_S."""
        before = [(marble.place, marble.pole) for marble in self.all.values()]
        pulls = self._pulls_n()
        for number, marble in self.all.items():
            if marble.held:
                self._carry(marble)
            else:
                self._roll(marble, pulls[number], self._rub[number])
        for _ in range(2):
            self._part()
        self._turn()
        pairs = list(zip(self.all.values(), before, strict=True))
        moved = max((math.dist(marble.place, place) for marble, (place, _) in pairs), default=0.0)
        turned = max((math.dist(marble.pole, pole) for marble, (_, pole) in pairs), default=0.0)
        self.at_rest = moved < 1e-4 and turned < 1e-4

    def field_ut(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """[K, 3] µT of all marbles at [K, 3] mm."""
        total = np.zeros(points_mm.shape)
        for marble in self.all.values():
            offset = (points_mm - np.asarray(marble.centre)) * 1e-3
            r = np.maximum(np.sqrt((offset**2).sum(axis=1, keepdims=True)), marble.diameter_mm * 0.5e-3)
            unit = offset / r
            pole = np.asarray(marble.pole)
            along = 3.0 * (unit @ pole)[:, None]
            total += 0.1 * marble.moment * (along * unit - pole) / r**3
        return total

    def outer_ut(self, number: int, place: Vector) -> Vector:
        """Field of the stacks and of all other marbles at a place."""
        x, y, z = self.stacks(place)
        for other, marble in self.all.items():
            if other != number:
                dx, dy, dz = dipole_ut(marble, place)
                x, y, z = x + dx, y + dy, z + dz
        return x, y, z

    def _turn(self) -> None:
        """Each pole along the field around it, or as a hand set it."""
        for number, marble in self.all.items():
            if marble.set_pole:
                marble.pole = (0.0, 0.0, float(marble.set_pole))
                continue
            b = self.outer_ut(number, marble.centre)
            size = math.sqrt(b[0] * b[0] + b[1] * b[1] + b[2] * b[2])
            if size > 1e-9:
                x, y, z = (p + q / size for p, q in zip(marble.pole, b, strict=True))
                length = math.sqrt(x * x + y * y + z * z)
                # Half way in a step; from the very opposite it falls over at once.
                new = (x / length, y / length, z / length) if length > 0.1 else tuple(q / size for q in b)
                marble.pole = (new[0], new[1], new[2])

    def _carry(self, marble: Marble) -> None:
        part = 1.0 - math.exp(-STEP_S / HAND_S)
        way = [part * (to - at) for to, at in zip(marble.target, marble.place, strict=True)]
        length = math.sqrt(sum(w * w for w in way))
        scale = min(1.0, 2.0 * FASTEST_MM_S * STEP_S / length) if length > 0.0 else 0.0
        x, y, z = (at + w * scale for at, w in zip(marble.place, way, strict=True))
        marble.velocity = (way[0] * scale / STEP_S, way[1] * scale / STEP_S)
        marble.place = (x, y, z)

    def _roll(self, marble: Marble, pull: list[float], rub: float) -> None:
        x, y, z = marble.place
        z = max(0.0, z - 8.0)  # it falls: a hand lets go some millimetres above the board
        load = marble.mass * GRAVITY + abs(pull[2])
        vx = marble.velocity[0] + pull[0] / marble.mass * 1e3 * STEP_S
        vy = marble.velocity[1] + pull[1] / marble.mass * 1e3 * STEP_S
        speed = math.hypot(vx, vy)
        brake = (ROLLING * load + RUBBING * rub) / marble.mass * 1e3
        slowed = min(max(speed - brake * STEP_S, 0.0), FASTEST_MM_S)
        keep = slowed / speed if speed > 0.0 else 0.0
        vx, vy = vx * keep, vy * keep
        x, y = x + vx * STEP_S, y + vy * STEP_S
        far = math.hypot(x, y)
        if far > self.edge_mm:  # the rim of the board
            x, y = x * self.edge_mm / far, y * self.edge_mm / far
            outward = (vx * x + vy * y) / self.edge_mm
            if outward > 0.0:
                vx -= (1.0 + BOUNCE) * outward * x / self.edge_mm
                vy -= (1.0 + BOUNCE) * outward * y / self.edge_mm
        marble.place, marble.velocity = (x, y, z), (vx, vy)

    def _pulls_n(self) -> dict[int, list[float]]:
        """Newtons on each marble: by the stacks, and by each other, equal and opposite."""
        pulls = {number: self._stack_pull_n(marble) for number, marble in self.all.items()}
        self._stuck.clear()
        self._rub = dict.fromkeys(self.all, 0.0)
        for one, other in itertools.combinations(self.all, 2):
            a, b = self.all[one], self.all[other]
            force, drawn = _between_n(a, b)
            strength = math.sqrt(sum(f * f for f in force))
            self._rub[one] += strength
            self._rub[other] += strength
            if drawn:
                self._stuck.add((one, other))
                if _touch(a, b):  # what draws them is what presses them apart
                    continue
            for axis in range(3):
                pulls[other][axis] += force[axis]
                pulls[one][axis] -= force[axis]
        return pulls

    def _stack_pull_n(self, marble: Marble) -> list[float]:
        """The gradient of m·B of the stacks; µT/mm times A·m² is 1e-3."""
        pull = []
        for axis in range(3):
            sides = []
            for sign in (-PROBE_MM, PROBE_MM):
                place = list(marble.centre)
                place[axis] += sign
                b = self.stacks((place[0], place[1], place[2]))
                sides.append(sum(p * q for p, q in zip(marble.pole, b, strict=True)))
            pull.append(marble.moment * (sides[1] - sides[0]) / (2.0 * PROBE_MM) * 1e-3)
        return pull

    def _part(self) -> None:
        """Marbles that meet: out of each other along the line of their centres, by their masses."""
        for one, other in itertools.combinations(self.all, 2):
            _part(self.all[one], self.all[other], 0.0 if (one, other) in self._stuck else BOUNCE)


def _touch(one: Marble, other: Marble) -> bool:
    apart = math.dist(one.centre, other.centre)
    return apart <= (one.diameter_mm + other.diameter_mm) * 0.5 * CLOSE


def _between_n(one: Marble, other: Marble) -> tuple[Vector, bool]:
    """The force of `one` on `other`, N (two dipoles), and whether it draws them together."""
    a, b = one.centre, other.centre
    way = [(b[k] - a[k]) * 1e-3 for k in range(3)]
    r = max(math.sqrt(sum(w * w for w in way)), (one.diameter_mm + other.diameter_mm) * 0.5e-3)
    unit = [w / r for w in way]
    along_one = sum(p * u for p, u in zip(one.pole, unit, strict=True))
    along_other = sum(p * u for p, u in zip(other.pole, unit, strict=True))
    together = sum(p * q for p, q in zip(one.pole, other.pole, strict=True))
    size = 3e-7 * one.moment * other.moment / r**4
    force = [
        size
        * (
            along_one * other.pole[k]
            + along_other * one.pole[k]
            + (together - 5.0 * along_one * along_other) * unit[k]
        )
        for k in range(3)
    ]
    strength = math.sqrt(sum(f * f for f in force))
    most = MOST_PULL_M_S * min(one.mass, other.mass) / STEP_S
    scale = min(1.0, most / strength) if strength > 0.0 else 0.0
    drawn = sum(f * u for f, u in zip(force, unit, strict=True)) < 0.0
    return (force[0] * scale, force[1] * scale, force[2] * scale), drawn


def _part(one: Marble, other: Marble, bounce: float) -> None:
    a, b = one.centre, other.centre
    touch = (one.diameter_mm + other.diameter_mm) / 2.0
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    flat_touch = math.sqrt(max(touch * touch - dz * dz, 0.0))
    flat = math.hypot(dx, dy)
    if flat >= flat_touch * (1.0 if bounce > 0.0 else CLOSE):
        return
    nx, ny = (dx / flat, dy / flat) if flat > 1e-6 else (1.0, 0.0)
    gap = flat_touch - flat
    # A hand does not give way; of two hands each gives way by half.
    both = one.held and other.held
    weights = [1.0 if both else 0.0 if marble.held else 1.0 / marble.mass for marble in (one, other)]
    share = weights[0] / sum(weights)
    x, y, z = one.place
    one.place = (x - nx * gap * share, y - ny * gap * share, z)
    x, y, z = other.place
    other.place = (x + nx * gap * (1.0 - share), y + ny * gap * (1.0 - share), z)
    if not both:
        _meet(one, other, weights, (nx, ny), bounce)


def _meet(
    one: Marble, other: Marble, weights: list[float], normal: tuple[float, float], bounce: float
) -> None:
    """What a meeting does to their velocities: they bounce, or where they stick (0) go on as one."""
    away = [other.velocity[k] - one.velocity[k] for k in range(2)]
    closing = sum(a * n for a, n in zip(away, normal, strict=True))
    if bounce > 0.0:
        push = [-(1.0 + bounce) * min(closing, 0.0) * n / sum(weights) for n in normal]
    else:
        push = [-a / sum(weights) for a in away]
    one.velocity = (one.velocity[0] - push[0] * weights[0], one.velocity[1] - push[1] * weights[0])
    other.velocity = (other.velocity[0] + push[0] * weights[1], other.velocity[1] + push[1] * weights[1])
