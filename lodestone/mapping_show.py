"""What `lodestone mapping` prints and draws: a mapping's figures on a performance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import calibration as calibrations
from calibration import Calibration
from calibration.model import CHANNELS, SENSORS
from calibration.session import calibrate_simulated
from calibration.stage import touch_stage
from files import fresh_file
from graphs.card import Card, read_card
from graphs.player import GraphPlayer
from graphs.stateful import StatefulGraph
from lodestone.default_files import GRAPHS
from lodestone.voice_files import find_voice, voice_graph
from mapping.chain import remembers
from mapping.errors import MappingError
from mapping.measures import Measures, measure
from mapping.own_mapping import is_own, plain_name
from mapping.probe import FRAME_S, check_continuity, mapping_player
from mapping.steepness import stated

Array = npt.NDArray[np.float64]
GESTURE = "sim:first-sound?seed=1"
FRAMES, SETTLED = 4000, 200  # 20 s, without the second in which the rest is found
BOARD_LIMIT_US = 150.0
AXIS_NAMES = tuple(f"{attractor}{axis}" for attractor in range(1, SENSORS + 1) for axis in "xyz")


@dataclass(frozen=True)
class Shown:
    """A mapping and its figures; `bound` is the Lipschitz constant that its parts state, or None."""

    name: str
    seed: int
    figures: Measures
    bound: float | None

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        head = {"mapping": self.name, "seed": self.seed, "lipschitz_bound": self.bound}
        return {**head, **self.figures.as_dict()}


def performance(recording: Path | None, calibration: Path | None, out: Path) -> Array:
    """[N, 12] touch of unit spread of a recording, or of a gesture on the simulated board.

    Raises:
        LodestoneError: no such file, or one that is damaged.
    """
    from sensors import open_source

    if calibration is None:
        calibration = out / "simulated-1.calibration.json"
        if not calibration.exists():
            out.mkdir(parents=True, exist_ok=True)
            calibrate_simulated(calibration, 1)
    known = calibrations.load(calibration)
    player = _touch_player(known)
    touch = []
    with open_source(GESTURE if recording is None else f"replay:{recording}?speed=0") as source:
        for frame, _ in zip(source, range(FRAMES), strict=False):
            felt = player.run(
                field=frame.field_mt, valid=frame.valid, temperature=frame.temperature_c, dt=FRAME_S
            )
            touch.append(felt["touch"])
    if len(touch) <= 2 * SETTLED:
        wanted = f"a performance of {2 * SETTLED * FRAME_S:.0f} s or more"
        raise MappingError(wanted, f"{len(touch)} frames", "record longer")
    return np.asarray(touch, np.float64)[SETTLED:] / known.play.touch_rms


def _touch_player(calibration: Calibration) -> GraphPlayer:
    graph = StatefulGraph()
    _, touch = touch_stage(graph, calibration)
    graph.output("touch", touch)
    player = GraphPlayer(graph.build())
    for name, knob in graph.knobs.items():
        player.set_knob(name, knob.default)
    return player


def measured(name: str, voice: str, touch: Array, seed: int, knobs: Mapping[str, float]) -> Shown:
    """A mapping's figures for a voice's latents.

    Raises:
        MappingError: no such mapping or knob.
    """
    player = mapping_player(name, _latents(voice), seed, knobs=knobs)
    bound = stated(name, player.outputs["y"][0], seed, knobs)
    return Shown(plain_name(name), seed, measure(player, touch, remembers(name)), bound)


def knobs_of(given: Sequence[str]) -> dict[str, float]:
    """`["entanglement=0.4"]` as numbers by name. Raises MappingError."""
    knobs = {}
    for text in given:
        label, equals, value = text.partition("=")
        try:
            knobs[label] = float(value)
        except ValueError:
            raise MappingError("a knob as name=value", repr(text), "write entanglement=0.4") from None
        if not equals or not np.isfinite(knobs[label]):
            raise MappingError("a knob as name=value", repr(text), "write entanglement=0.4")
    return knobs


def checked(name: str, voice: str, seed: int) -> Iterator[str]:
    """Lines that say what a mapping was found to be, one check after another.

    Raises:
        LodestoneError: the first check that it does not pass, in one line.
    """
    from mapping import touch_graph
    from model_export.compiler import compile_plan
    from model_export.compiler.fit import fit

    latents = _latents(voice)
    player = mapping_player(name, latents, seed)
    knobs = [label.removeprefix("knob.") for label in player.inputs if label.startswith("knob.")]
    yield f"signature   touch [{CHANNELS}] to y [{latents}], knobs: {', '.join(knobs) or 'none'}"
    jump = check_continuity(name, latents, seed)
    yield f"continuity  largest step {jump.sigma:.1e} sigma between touches {jump.apart:.1e} apart"
    out = Path("out")
    path = out / "simulated-1.calibration.json"
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        calibrate_simulated(path, 1)
    card = _card(voice)
    plan = compile_plan(touch_graph(calibrations.load(path), card, name, seed))
    load = fit(plan, "bela-mini").load
    yield f"operators   all known to the engine, {len(plan)} bytes of plan"
    yield f"cost        {100 * load.low:.1f} to {100 * load.high:.1f} % of a bela-mini's core, touch and all"
    yield f"good: {plain_name(name)} can be written into a scene" if is_own(name) else f"good: {name}"


def _card(voice: str) -> Card:
    return read_card(voice_graph(find_voice(voice), GRAPHS))


def _latents(voice: str) -> int:
    return _card(voice).latents


def in_words(shown: Sequence[Shown]) -> Iterator[str]:
    """The figures as lines, mappings side by side."""
    yield "                              " + "  ".join(f"{one.name:>14}" for one in shown)
    rows: list[tuple[str, Callable[[Measures], float]]] = [
        ("entanglement of axes     0..1", lambda m: m.entanglement_axes),
        ("         of attractors   0..1", lambda m: m.entanglement_attractors),
        ("participation ratio   latents", lambda m: m.participation),
        ("Lipschitz, 95 %   sigma/touch", lambda m: m.lipschitz_p95),
        ("Lipschitz, most   sigma/touch", lambda m: m.lipschitz_max),
        ("step in 5 ms, rms       sigma", lambda m: m.step_rms),
        ("step of one latent      sigma", lambda m: float(m.step_latent.max())),
        ("range of a latent, mean sigma", lambda m: float(m.used.mean())),
    ]
    for label, figure in rows:
        yield label + " " + "  ".join(f"{figure(one.figures):14.2f}" for one in shown)
    bounds = ["none stated" if one.bound is None else f"{one.bound:.2f}" for one in shown]
    yield "Lipschitz, bound  sigma/touch " + "  ".join(f"{text:>14}" for text in bounds)
    asleep = ["  ".join(map(str, one.figures.asleep)) or "none" for one in shown]
    yield "latents asleep                " + "  ".join(f"{text:>14}" for text in asleep)


def draw(shown: Sequence[Shown], out: Path) -> Path:
    """The influence matrices and the range of each latent; returns where."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0 * len(shown), 6.5), layout="constrained")
    axes = figure.subplots(2, len(shown), squeeze=False, height_ratios=(3, 2))
    for column, one in enumerate(shown):
        above, below = axes[0][column], axes[1][column]
        image = above.imshow(one.figures.influence, cmap="cividis", vmin=0.0, aspect="auto")
        above.set_xticks(range(CHANNELS), AXIS_NAMES)
        above.set(title=f"{one.name}, seed {one.seed}", xlabel="touch: attractor and axis", ylabel="latent")
        figure.colorbar(image, ax=above, label="influence, sigma per unit of touch")
        below.bar(range(len(one.figures.used)), one.figures.used, color="#35618f")
        below.set(xlabel="latent", ylabel="used, 5 to 95 %, sigma")
    path = out / f"mapping-{'-'.join(one.name.replace(':', '-') for one in shown)}.png"
    out.mkdir(parents=True, exist_ok=True)
    with fresh_file(path) as fresh:
        figure.savefig(fresh, format="png", dpi=110)
    return path
