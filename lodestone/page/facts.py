"""What the page must know of physics and voices: made here from the project's own models, once, as tables."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt

from definitions import osc
from firmware import Engine
from geometry import BoardGeometry
from lodestone.scenes import Scene
from sensors.chips.mlx90393_codes import count_ut
from sensors.settings import SensorSettings
from sensors.simulation.magnets import ball_field_ut, ring_field_ut, stack_field_ut
from sensors.simulation.world import Environment

Array = npt.NDArray[np.float64]

STEP_MM = 2.0
FAR_MM = 320.0
NOISE_MT = 0.005
REMANENCE_T = 1.30
PIECES: dict[str, tuple[str, tuple[float, float, float]]] = {
    "small marble": ("ball", (10.0, 0.0, 10.0)),
    "marble": ("ball", (15.0, 0.0, 15.0)),
    "large marble": ("ball", (20.0, 0.0, 20.0)),
    "ring": ("ring", (30.0, 14.0, 6.0)),
    "disc": ("disc", (24.0, 0.0, 5.0)),
}
"""The magnets in the page's box: name, kind, size (outer diameter, hole, height) in mm."""
FILINGS_MM = 2.0
"""Height above the board of the filings that the page draws."""
HALF_TOUCH = 0.5
REACH_BALL_MM = 15.0


def board_facts(geometry: BoardGeometry | None = None) -> dict[str, Any]:
    """Geometry; fields of the stacks, at the sensors and by distance, and of flat magnets by distance.

    Fields in mT, distances from 0 in steps of `step_mm`. A flat magnet lies on the board, its north pole up.
    """
    g = geometry or BoardGeometry()
    room = np.asarray(Environment().ambient_ut)
    heights = sorted({FILINGS_MM, *(size[2] / 2 for _, size in PIECES.values())})
    return {
        "attractors_mm": g.attractors_mm().tolist(),
        "sensor_depth_mm": g.sensor_depth_mm,
        "play_radius_mm": g.play_radius_mm,
        "rest_mt": _rounded((stack_field_ut(g, g.sensors_mm()) + room) * 1e-3),
        "step_mm": STEP_MM,
        "stack": {f"{height:g}": _one_stack(g, height) for height in heights},
        "pieces": [_piece(g, name, kind, size) for name, (kind, size) in PIECES.items()],
        "remanence_t": REMANENCE_T,
        "filings_mm": FILINGS_MM,
    }


def chip_facts() -> dict[str, Any]:
    """What a sensor does to a field: noise of a reading and one count of each axis, in mT."""
    chip = SensorSettings()
    counts = [count_ut(axis, chip.gain_sel, chip.resolution[axis]) * 1e-3 for axis in range(3)]
    return {"noise_mt": NOISE_MT, "count_mt": counts}


def message_facts() -> dict[str, list[tuple[str, int]]]:
    """What the board tells: of each address the fields, by name and count (0: as many as there are)."""
    rows = [row for row in osc.messages() if row.sender != "host"]
    return {row.address: [(field.name, field.count) for field in row.fields] for row in rows}


def scene_facts(scene: Scene, touch: Engine, words: list[str]) -> dict[str, Any]:
    """Name, delay, latents and knobs of a scene, as its two graphs have them."""
    voice = scene.card
    statistics = voice.latent
    latents = [
        {"words": word, "mean": float(mean), "std": float(std)}
        for word, mean, std in zip(
            words,
            statistics.mean if statistics else [0.0] * voice.latents,
            statistics.std if statistics else [1.0] * voice.latents,
            strict=True,
        )
    ]
    return {
        "name": scene.name,
        "voice": voice.name,
        "hop": voice.hop,
        "delay": voice.delay_samples,
        "latents": latents,
        "knobs": knob_facts(touch),
    }


def knob_facts(touch: Engine) -> list[dict[str, Any]]:
    """Name, range, default and unit of each knob, as the graph has them."""
    return [
        {"name": name, "minimum": knob["minimum"], "maximum": knob["maximum"], "default": knob["default"],
         "unit": knob.get("unit", "")}
        for name, knob in json.loads(touch.card)["knobs"].items()
        if name != "rest_capture"
    ]  # fmt: skip


def reach_table(touch: Engine, geometry: BoardGeometry | None = None) -> dict[str, list[float]]:
    """How far an attractor feels a marble, by its knob `reach`: where the touch of it falls below one half.

    A 15 mm marble, pole up, is led outward from attractor 0. Returns `reach_mt` and, for each, `radius_mm`.
    """
    g = geometry or BoardGeometry()
    knob = json.loads(touch.card)["knobs"]["reach"]
    reaches = np.linspace(knob["minimum"], knob["maximum"], 9)
    distances = np.arange(0.0, 131.0, 2.0)
    rest = (stack_field_ut(g, g.sensors_mm()) + np.asarray(Environment().ambient_ut)) * 1e-3
    fields = (
        rest
        + ball_field_ut(
            REACH_BALL_MM,
            REMANENCE_T,
            np.column_stack([-65.0 - distances, 0 * distances, 0 * distances + REACH_BALL_MM / 2]),
            np.broadcast_to([0.0, 0.0, 1.0], (len(distances), 3)),
            g.sensors_mm(),
        )
        * 1e-3
    )
    radii = []
    for reach in reaches:
        touch.reset()
        inputs = {
            "dt": np.float32(0.02),
            "valid": np.ones(4, np.float32),
            "temperature": np.full(4, 25.0, np.float32),
            "knob.reach": np.float32(reach),
        }
        for _ in range(20):
            touch.run({**inputs, "field": rest.astype(np.float32)})
        felt = []
        for field in fields:
            for _ in range(10):
                out = touch.run({**inputs, "field": field.astype(np.float32)})
            felt.append(float(np.linalg.norm(out["touch"].reshape(4, 3)[0])))
        inside = np.flatnonzero(np.asarray(felt) >= HALF_TOUCH)
        radii.append(float(distances[inside[-1]]) if len(inside) else 0.0)
    touch.reset()
    return {"reach_mt": [float(reach) for reach in reaches], "radius_mm": radii}


def _one_stack(g: BoardGeometry, height_mm: float) -> dict[str, list[float]]:
    """Outward and upward field of one stack at a height above the board, by distance from its axis."""
    distance = np.arange(0.0, FAR_MM + STEP_MM, STEP_MM)
    points = np.column_stack([distance, 0 * distance, np.full(len(distance), height_mm)])
    lone = np.zeros((len(distance), 3))
    depth = g.sensor_depth_mm + g.stack_gap_mm + g.stack_height_mm / 2
    size = (g.stack_diameter_mm, 0.0, g.stack_height_mm)
    centre = np.array([[0.0, 0.0, -depth]])
    lone = ring_field_ut(size, g.remanence_t, centre, np.array([[0.0, 0.0, 1.0]]), points)[0]
    return _table(lone)


def _piece(g: BoardGeometry, name: str, kind: str, size: tuple[float, float, float]) -> dict[str, Any]:
    piece: dict[str, Any] = {
        "name": name, "kind": kind, "diameter_mm": size[0], "hole_mm": size[1], "height_mm": size[2]
    }  # fmt: skip
    if kind != "ball":
        distance = np.arange(0.0, FAR_MM + STEP_MM, STEP_MM)
        pole, centre = np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 0.0, size[2] / 2]])
        for label, height in (("below", -g.sensor_depth_mm), ("around", FILINGS_MM + size[2])):
            points = np.column_stack([distance, 0 * distance, np.full(len(distance), height)])
            piece[label] = _table(ring_field_ut(size, REMANENCE_T, centre, pole, points)[0])
    return piece


def _table(field_ut: Array) -> dict[str, list[float]]:
    return {"out": _rounded(field_ut[:, 0] * 1e-3), "up": _rounded(field_ut[:, 2] * 1e-3)}


def _rounded(values: Array) -> Any:
    return np.round(values, 6).tolist()
