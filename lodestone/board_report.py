"""What a board measures of itself beside what was predicted of it: a table, a picture and JSON to send on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from errors import LodestoneError
from files import fresh_file, write_text


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


def ask_board(script: Path, host: str | None) -> str:
    """What `deploy.sh --report` brings from the board.

    Raises:
        ReportError: it failed; its own words are on stderr.
    """
    command = [str(script), "--report", *([host] if host else [])]
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
    for line in (image / "board.conf").read_text().splitlines():
        if not line.startswith("scene = "):
            continue
        name, _, *voices = line.removeprefix("scene = ").split()
        for number, stages in enumerate(voices):
            plans = [(image / plan).read_bytes() for plan in stages.split("+")]
            loads = [(fit(plan, board, len(plans) - 1).load, 1e3 * period_of(plan)) for plan in plans]
            found[name, number] = (
                sum(load.low * ms for load, ms in loads),
                sum(load.high * ms for load, ms in loads),
            )
    return found


def compare(text: str, predictions: dict[tuple[str, int], tuple[float, float]]) -> list[Row]:
    """The rows of a report.

    Args:
        text: what the board told.
        predictions: of `predicted_ms`; empty where there is no image here.

    Raises:
        ReportError: the board told of no voice.
    """
    told, rows, seen = read_lines(text), [], dict[str, int]()
    for value in told.get("voice", []):
        scene, name, mean, _, _ = value.split()
        number = seen[scene] = seen.get(scene, -1) + 1
        rows.append(
            Row(f"a block of {name}, scene {scene}", "ms", predictions.get((scene, number)), float(mean))
        )
    if not rows:
        raise ReportError("the times of voices from the board", "none", "see `./deploy.sh --logs`")

    def figure(key: str, at: int = -1) -> float | None:
        values = told.get(key)
        return float(values[at].split()[0]) if values and values[at].strip() else None

    wanted, reached = figure("frames_wanted"), figure("frames_per_second")
    missing = None if wanted is None or reached is None else max(0.0, wanted - reached)
    before, after = figure("underruns", 0), figure("underruns")
    while_busy = None if before is None or after is None else after - before
    up, program = figure("board_uptime_s"), figure("uptime_s")
    return [
        *rows,
        Row("sensor frames a second that are missing", "", (0.0, 0.1 * (wanted or 200.0)), missing),
        Row("jitter of sensor frames", "µs", (0.0, 1250.0), figure("frame_jitter_us")),
        Row("from the first to the last sensor", "µs", None, figure("frame_skew_us")),
        Row("touch and packets of a frame", "µs", None, figure("frame_software_us")),
        Row(
            "speed of the sensors' bus", "kHz", None, None if (hz := figure("bus_hz")) is None else hz / 1000
        ),
        Row("load of the voice", "%", None, None if (load := figure("voice_load")) is None else 100 * load),
        Row("underruns while the core was busy", "", (0.0, 0.0), while_busy),
        Row("mode switches of the audio thread", "", (0.0, 1.0), figure("audio_mode_switches")),
        Row(
            "memory of the program",
            "MiB",
            None,
            None if (kib := figure("memory_kib")) is None else kib / 1024,
        ),
        Row("from power to sound", "s", None, None if up is None or program is None else up - program),
    ]


def table(rows: Sequence[Row]) -> str:
    """The rows as text, one a line."""
    lines = [f"{'':44} {'predicted':>17} {'measured':>10}"]
    for row in rows:
        predicted = "" if row.predicted is None else f"{row.predicted[0]:.2f} to {row.predicted[1]:.2f}"
        measured = "not told" if row.measured is None else f"{row.measured:.2f}"
        mark = {True: "", False: "  more than predicted", None: ""}[row.holds]
        lines.append(f"{row.what:44} {predicted:>17} {measured:>10} {row.unit}{mark}")
    return "\n".join(lines)


def write_report(folder: Path, text: str, rows: Sequence[Row]) -> None:
    """report.txt, report.json (with all that the board told) and report.png below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "report.txt", table(rows) + "\n")
    content = {"format": "lodestone-board-report 1", "rows": [asdict(row) for row in rows], "board": text}
    write_text(folder / "report.json", json.dumps(content, indent=1) + "\n")
    _draw(folder / "report.png", [row for row in rows if row.unit == "ms"])


def _draw(path: Path, rows: Sequence[Row]) -> None:
    """Predicted spans as bars, measured figures as points."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 1.2 + 0.4 * len(rows)), layout="constrained")
    for at, row in enumerate(rows):
        if row.predicted is not None:
            axes.barh(
                at, row.predicted[1] - row.predicted[0], left=row.predicted[0], height=0.5, color="#c7d3e8"
            )
        if row.measured is not None:
            axes.plot(row.measured, at, "o", color="#c44e52")
    axes.set_yticks(range(len(rows)), [row.what for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("ms a block: predicted (bar), measured (point)")
    axes.set_xlim(left=0)
    with fresh_file(path) as fresh:
        figure.savefig(fresh, format="png")
    plt.close(figure)
