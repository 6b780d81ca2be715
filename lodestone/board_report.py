"""What a board measures of itself beside what was predicted of it: a table, a picture and JSON to send on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from errors import LodestoneError
from files import fresh_file, write_text
from lodestone.board_layers import Layer, Stage, measured_layers, pairs, predicted_layers, scene_plans
from lodestone.columns import columns

PROGRAM_MIB = (4.0, 64.0)
"""The program with its libraries, and with the whole of its locked stacks."""
LATEST_BOOT_S = 300.0
"""A program that sounded later after power-on was started by hand: that says nothing of the board."""


class ReportError(LodestoneError):
    """A board that tells nothing that can be compared."""


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        what: in words.
        unit: of the figures.
        predicted: least and most, by our models; None where nothing is predicted.
        measured: on the board; None where it does not tell.
    """

    what: str
    unit: str
    predicted: tuple[float, float] | None
    measured: float | None

    @property
    def holds(self) -> bool | None:
        """Whether the measured figure is no more than was predicted; None where one of them is missing."""
        if self.predicted is None or self.measured is None:
            return None
        return self.measured <= self.predicted[1]


@dataclass(frozen=True)
class Predictions:
    """What our models say; empty where there is no image here.

    Attributes:
        blocks: milliseconds of a block, by scene and number of its voice.
        layers: every operation of every stage.
        memory_mib: of the program.
    """

    blocks: Mapping[tuple[str, int], tuple[float, float]] = field(default_factory=dict)
    layers: Mapping[Stage, Sequence[Layer]] = field(default_factory=dict)
    memory_mib: tuple[float, float] | None = None


def ask_board(script: Path, host: str | None) -> str:
    """What `deploy.sh --report` brings from the board.

    Raises:
        ReportError: it failed; its own words are on stderr.
    """
    command = ["bash", str(script), "--report", *([host] if host else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise ReportError(
            "a board with a version of Lodestone", "none that answers", "flash it, and ask again"
        )
    return done.stdout


def read_lines(text: str) -> dict[str, list[str]]:
    """The values of `key = value` lines, by key; other lines are left out."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, equals, value = line.partition(" = ")
        if equals:
            found.setdefault(key, []).append(value)
    return found


def predicted_ms(image: Path, board: str) -> dict[tuple[str, int], tuple[float, float]]:
    """Least and most milliseconds of a block, by scene and number of its voice, of the plans of an image."""
    from model_export.compiler.fit import fit, period_of

    found = {}
    for name, number, paths in scene_plans(image):
        plans = [path.read_bytes() for path in paths]
        loads = [(fit(plan, board, len(plans) - 1).load, 1e3 * period_of(plan)) for plan in plans]
        found[name, number] = (
            sum(load.low * ms for load, ms in loads),
            sum(load.high * ms for load, ms in loads),
        )
    return found


def predicted_memory_mib(image: Path) -> tuple[float, float]:
    """What the program holds: at least the plans of the smallest scene, at most those of two scenes in a
    crossfade, each with the space it computes in; and the program with its libraries and stacks."""
    from model_export.compiler.plan_reader import read_header

    scenes: dict[str, float] = {}
    for name, _, paths in scene_plans(image):
        for header in (read_header(path.read_bytes()) for path in paths):
            floats = sum(header[f"{space}_floats"] for space in ("arena", "state", "io", "constant"))
            scenes[name] = scenes.get(name, 0.0) + (header["weight_bytes"] + 4 * floats) / 2**20
    sizes = sorted(scenes.values())
    return sizes[0] + PROGRAM_MIB[0], sum(sizes[-2:]) + PROGRAM_MIB[1]


def predictions(image: Path, board: str) -> Predictions:
    """All that our models say of an image on a board."""
    if not (image / "board.conf").is_file():
        return Predictions()
    return Predictions(
        predicted_ms(image, board), predicted_layers(image, board), predicted_memory_mib(image)
    )


def compare(text: str, predicted: Predictions) -> list[Row]:
    """The rows of a report.

    Args:
        text: what the board told.
        predicted: of `predictions`.

    Raises:
        ReportError: the board told of no voice.
    """
    told, rows, seen = read_lines(text), [], dict[str, int]()
    longest_us = 0.0
    for value in told.get("voice", []):
        scene, name, mean, _, _ = value.split()
        number = seen[scene] = seen.get(scene, -1) + 1
        span = predicted.blocks.get((scene, number))
        longest_us = max(longest_us, 1e3 * span[1] if span else 0.0)
        rows.append(Row(f"a block of {name}, scene {scene}", "ms", span, float(mean)))
    if not rows:
        raise ReportError("the times of voices from the board", "none", "see `./deploy.sh --logs`")
    return [*rows, *_of_frames(told), *_of_tasks(told, longest_us), *_of_the_whole(told, predicted)]


def layers(text: str, predicted: Predictions) -> list[Row]:
    """A row for each operation of each voice that the board timed."""
    measured = measured_layers(read_lines(text).get("layer", []))
    return [Row(what, "ms", span, ms) for what, span, ms in pairs(predicted.layers, measured)]


def _figure(told: Mapping[str, list[str]], key: str, at: int = -1, word: int = 0) -> float | None:
    values = told.get(key)
    words = values[at].split() if values else []
    return float(words[word]) if len(words) > word else None


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _difference(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None else left - right


def _of_frames(told: Mapping[str, list[str]]) -> list[Row]:
    wanted, reached = _figure(told, "frames_wanted"), _figure(told, "frames_per_second")
    missing = _difference(wanted, reached)
    most = 0.1 * (wanted or 200.0)
    return [
        Row("sensor frames a second that are missing", "", (0.0, most), missing and max(0.0, missing)),
        Row("jitter of sensor frames", "µs", (0.0, 1250.0), _figure(told, "frame_jitter_us")),
        Row("from the first to the last sensor", "µs", None, _figure(told, "frame_skew_us")),
        Row("touch and packets of a frame", "µs", None, _figure(told, "frame_software_us")),
        Row("speed of the sensors' bus", "kHz", None, _scaled(_figure(told, "bus_hz"), 1e-3)),
    ]


def _of_tasks(told: Mapping[str, list[str]], longest_us: float) -> list[Row]:
    """How late each task comes to run: touch may wait for a whole block of the voice."""
    rows = []
    for task in ("voice", "touch", "control", "files"):
        bound = (0.0, longest_us + 1000.0) if task == "touch" and longest_us else None
        for word, which in enumerate(("mean", "most")):
            late = _figure(told, f"late_us_{task}", word=word)
            rows.append(Row(f"{task} wakes up late, {which}", "µs", bound, late))
    for thread in ("audio", "voice"):
        bound = (0.0, 1.0 if thread == "audio" else 4.0)  # as they begin
        rows.append(Row(f"mode switches of {thread}", "", bound, _figure(told, f"mode_switches_{thread}")))
    rows.append(Row("mode switches of touch", "", None, _figure(told, "mode_switches_touch")))
    return rows


def _of_the_whole(told: Mapping[str, list[str]], predicted: Predictions) -> list[Row]:
    busy = _difference(_figure(told, "underruns"), _figure(told, "underruns", 0))
    sounded = _figure(told, "sounded_s")
    booted = sounded if sounded is not None and sounded < LATEST_BOOT_S else None
    memory = _scaled(_figure(told, "memory_kib"), 1 / 1024)
    return [
        Row("load of the voice", "%", None, _scaled(_figure(told, "voice_load"), 100.0)),
        Row("underruns while the core was busy", "", (0.0, 0.0), busy),
        Row("memory of the program", "MiB", predicted.memory_mib, memory),
        Row("from power to sound", "s", None, booted),
    ]


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one a line."""
    cells = []
    for row in rows:
        predicted = "" if row.predicted is None else f"{row.predicted[0]:.3g} to {row.predicted[1]:.3g}"
        measured = "not told" if row.measured is None else f"{row.measured:.4g}"
        mark = {True: "holds", False: "more than predicted", None: ""}[row.holds]
        cells.append((row.what, predicted, measured, row.unit or "count", mark))
    return columns(("figure", "predicted", "measured", "unit", "verdict"), cells)


def write_report(folder: Path, text: str, rows: Sequence[Row], parts: Sequence[Row] = ()) -> None:
    """report.txt, report.json (with all that the board told) and report.png below `folder`.

    Args:
        folder: made where it is not there.
        text: what the board told.
        rows: of `compare`.
        parts: of `layers`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pages = [table(rows), *([table(parts)] if parts else [])]
    write_text(folder / "report.txt", "\n\n".join(pages) + "\n")
    content = {
        "format": "lodestone-board-report 2",
        "rows": [asdict(row) for row in rows],
        "layers": [asdict(row) for row in parts],
        "board": text,
    }
    write_text(folder / "report.json", json.dumps(content, indent=1) + "\n")
    _draw(folder / "report.png", [[row for row in rows if row.unit == "ms"], parts])


def _draw(path: Path, groups: Sequence[Sequence[Row]]) -> None:
    """Predicted spans as bars, measured figures as points: blocks, and below them layers."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = [group for group in groups if group]
    heights = [0.8 + 0.3 * len(group) for group in shown]
    figure, all_axes = plt.subplots(
        len(shown),
        figsize=(9, 0.6 + sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
    )
    for axes, group in zip(all_axes[:, 0], shown, strict=True):
        for at, row in enumerate(group):
            if row.predicted is not None:
                low, high = row.predicted
                axes.barh(at, high - low, left=low, height=0.5, color="#c7d3e8")
            if row.measured is not None:
                axes.plot(row.measured, at, "o", color="#c44e52", markersize=4)
        axes.set_yticks(range(len(group)), [row.what for row in group], fontsize=7)
        axes.invert_yaxis()
        axes.set_xlabel("ms a block: predicted (bar), measured (point)")
        axes.set_xlim(left=0)
    with fresh_file(path) as fresh:
        figure.savefig(fresh, format="png", dpi=100)
    plt.close(figure)
