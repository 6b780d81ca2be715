"""The figures as rows for a reader: name, value, limit, level."""

from __future__ import annotations

from calibration.judging import verdict as limits
from calibration.judging.built import UNEXPLAINED
from calibration.judging.figures import Figures
from calibration.model import channel_name

# These figures come from free play.
OF_PLAY = ("saturation", "coverage", "crosstalk", "participation", "wiring")
Row = tuple[str, str, str, str]
HEADS, VERDICT = ("figure", "value", "limit"), "verdict"
"""What stands above the cells of a row."""
NOT_MEASURED = "not measured"
"""In place of a level, where the value is the worst that may be and nobody looked."""


def figure_rows(figures: Figures) -> list[Row]:
    """One row per figure of the report card: name, value, limit, and its level or NOT_MEASURED."""
    levels = {finding.figure: finding.level for finding in reversed(limits.judge(figures).findings)}
    if not figures.warmed_k:
        levels["heat"] = NOT_MEASURED

    def row(figure: str, name: str, value: str, limit: str) -> Row:
        if figure in OF_PLAY and not figures.played:
            return name, "not played", limit, limits.CARE
        return name, value, limit, levels.get(figure, limits.READY)

    faint = min(range(len(figures.snr_db)), key=figures.snr_db.__getitem__)
    rows = [
        row(
            "noise",
            "signal to noise, worst axis",
            f"{figures.snr_db[faint]:.0f} dB, {channel_name(faint)}",
            f"≥ {limits.SNR_DB[0]:.0f} dB",
        ),
        row(
            "saturation",
            "frames at a rail, worst axis",
            _percent(max(figures.saturation)),
            f"≤ {_percent(limits.SATURATION[0])}",
        ),
        row(
            "gaps",
            "frames per second, longest pause",
            f"{figures.frame_rate_hz:.0f} Hz, {figures.longest_gap:.1f} frames",
            f"≤ {limits.GAP_FRAMES[0]:g}",
        ),
        row(
            "lost frames", "frames without a sensor", _percent(figures.lost), f"≤ {_percent(limits.LOST[0])}"
        ),
        row(
            "drift",
            "drift in ten minutes, of the reach",
            _percent(max(figures.drift)),
            f"≤ {_percent(limits.DRIFT[0])}",
        ),
        row(
            "mains",
            f"{figures.mains_hz:g} Hz hum, of the reach",
            _percent(max(figures.mains)),
            f"≤ {_percent(limits.MAINS[0])}",
        ),
        row("coverage", "play room visited", _percent(figures.coverage), f"≥ {_percent(limits.COVERAGE[0])}"),
        row(
            "crosstalk",
            "crosstalk condition",
            f"{figures.crosstalk_condition:.1f}",
            f"≤ {limits.CONDITION[0]:g}",
        ),
        row(
            "participation",
            "independent touches of 12",
            f"{figures.participation:.1f}",
            f"≥ {limits.PARTICIPATION[0]:g}",
        ),
        row(
            "attractors",
            "attractors' rest field",
            f"{min(figures.attractor_mt):.0f} to {max(figures.attractor_mt):.0f} mT",
            "alike",
        ),
        row(
            "wiring",
            "a lone marble's field unexplained",
            "no lone marble"
            if figures.arrangement.unexplained is None
            else f"{100 * figures.arrangement.unexplained:.1f} %",
            f"≤ {100 * UNEXPLAINED:.2f} %",
        ),
        row("temperature", "hottest chip, empty board", f"{figures.temperature_c:.0f} °C", "5 to 50 °C"),
        row(
            "heat",
            "rest shifted by 15 °C, of the reach",
            _percent(figures.heat) if figures.warmed_k else f"≤ {_percent(figures.heat)} (--warm-up tells)",
            f"≤ {_percent(limits.HEAT)}",
        ),
        row("resets", "chips that restarted", str(figures.resets), "0"),
    ]
    if figures.dipole_residual is not None:
        rows.append(
            row(
                "dipole residual",
                "known ball unexplained",
                _percent(figures.dipole_residual),
                f"≤ {_percent(limits.DIPOLE_RESIDUAL[0])}",
            )
        )
    return rows


def _percent(part: float) -> str:
    return f"{100 * part:.2g} %" if part < 0.1 else f"{100 * part:.0f} %"
