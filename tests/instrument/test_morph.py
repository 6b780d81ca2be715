"""From scene to scene in a time that the player chooses, through the real firmware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pythonosc.osc_packet import OscPacket

from definitions.osc import named
from lodestone.board import encode
from lodestone.settings import SceneSettings
from mapping import touch_graph
from mapping.arbitrariness import LATENT_SIGMAS_PER_S, SLEW_SIGMAS_PER_S
from model_export.compiler import compile_plan
from sensors.simulation import QuietOutside
from tests.support.plain_board import gaussian_card, plain_calibration
from tests.support.tiny import Files, Run, image, play, scene

Z = 8
FRAME_S = 0.005
HOP_S = 512 / 44100


@dataclass
class Player(QuietOutside):
    """Says things at their times; hears places of the latents, statuses and refusals."""

    says: list[tuple[float, bytes]] = field(default_factory=list)
    latents: list[tuple[float, np.ndarray]] = field(default_factory=list)
    statuses: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def datagram_in(self, now_us: int) -> bytes | None:
        if not self.says or now_us < self.says[0][0] * 1e6:
            return None
        return self.says.pop(0)[1]

    def datagram_out(self, now_us: int, data: bytes) -> None:
        for timed in OscPacket(data).messages:
            told = named(timed.message.address, timed.message.params) or {}
            if timed.message.address == "/latent":
                self.latents.append((now_us * 1e-6, np.array(told["latent"])))
            if timed.message.address == "/status":
                self.statuses.append((now_us * 1e-6, told))


def mapped(folder: Path, name: str, mapping: str, seed: int, pitch: float = 0.004, **knobs: float) -> Files:
    """A scene of a small voice under a whole touch graph; another pitch is another voice."""
    files = scene(folder, name, latents=Z, pitch=pitch)
    touch = touch_graph(plain_calibration(), gaussian_card(Z), mapping, seed, knobs=knobs)
    files.touch_plan.write_bytes(compile_plan(touch))
    return files


def heard(
    folder: Path, files: Sequence[Files], *says: tuple[float, bytes], **options: Any
) -> tuple[Player, Run]:
    seconds, words = options.pop("seconds", 4.0), options.pop("options", ())
    player = Player(says=list(says))
    made = image(folder, *files, **options)
    return player, play(folder / "run", made, *words, seconds=seconds, outside=player)


def steps(player: Player) -> tuple[float, float]:
    """The largest step of all latents together, rms, and of one, in a frame's length; Gaussian: in sigma."""
    values = np.array([latent for _, latent in player.latents])
    steps = np.abs(np.diff(values, axis=0))
    return float(np.sqrt((steps**2).mean(axis=1)).max()), float(steps.max())


def at(player: Player, second: float) -> np.ndarray:
    return min(player.latents, key=lambda row: abs(row[0] - second))[1]


def largest_jump(run: Run) -> float:
    samples = run.samples()[int(0.8 * 44100) :, 0]
    return float(np.abs(np.diff(samples)).max())


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Files]:
    folder = tmp_path_factory.mktemp("pair")
    return mapped(folder, "dusk", "rotate", 1), mapped(folder, "dawn", "rings", 2, radius=120.0)


def test_latents_go_from_the_one_to_the_other_in_that_time(tmp_path: Path, pair: tuple[Files, Files]) -> None:
    alone = [heard(tmp_path / s.name, [s])[0] for s in pair]
    player, run = heard(tmp_path, pair, (1.0, encode("/scene", "dawn", 2.0)))
    told = next(time for time, status in player.statuses if status["scene_name"] == "dawn")
    assert told < 1.5
    for second, of in ((1.0, alone[0]), (3.8, alone[1])):
        assert at(player, second) == pytest.approx(at(of, second), abs=2e-3)
    middle = (told + 1.0, at(player, told + 1.0))
    apart = [np.linalg.norm(middle[1] - at(of, middle[0])) for of in alone]
    whole = np.linalg.norm(at(alone[0], middle[0]) - at(alone[1], middle[0]))
    assert whole > 0.3
    assert all(0.2 * whole < one < 0.8 * whole for one in apart)
    rms, one = steps(player)
    assert rms <= SLEW_SIGMAS_PER_S * FRAME_S * 1.001
    assert one <= LATENT_SIGMAS_PER_S * FRAME_S * 1.001
    assert run.stats["underruns"] == 0


def test_at_once_it_still_is_at_once(tmp_path: Path, pair: tuple[Files, Files]) -> None:
    """`/scene n 0`, and `/scene n` of a scene without `morph`: as long as the crossfade of two voices."""
    alone, _ = heard(tmp_path / "alone", pair[1:])
    for number, said in enumerate((encode("/scene", 1), encode("/scene", 1, 0.0))):
        player, _ = heard(tmp_path / str(number), pair, (1.0, said), seconds=2.0)
        told = next(time for time, status in player.statuses if status["scene"] == 1)
        assert at(player, told + 0.1) == pytest.approx(at(alone, told + 0.1), abs=2e-3)


def test_knobs_of_one_mapping_travel(tmp_path: Path) -> None:
    """The same turn from 0 to 1: half way the latents are those of a half, which no straight line passes."""
    low, half, high = (
        mapped(tmp_path, name, "rotate", 5, entanglement=value)
        for name, value in (("low", 0.0), ("half", 0.5), ("high", 1.0))
    )
    player, _ = heard(tmp_path, [low, high], (0.5, encode("/scene", 1, 2.0)), seconds=3.5)
    of_half, _ = heard(tmp_path / "half", [half], seconds=3.5)
    told = next(time for time, status in player.statuses if status["scene"] == 1)
    there = told + 1.0 + 0.05  # knobs glide behind by their time constant
    assert at(player, there) == pytest.approx(at(of_half, there), abs=0.08)


def test_the_settings_say_how_long_and_the_board_keeps_to_it(
    tmp_path: Path, pair: tuple[Files, Files]
) -> None:
    scenes = tuple(SceneSettings(s.name, "glass", morph=m) for s, m in zip(pair, (0.0, 1.5), strict=True))
    player, _ = heard(tmp_path, pair, (1.0, encode("/scene", 1)), scenes=scenes)
    alone, _ = heard(tmp_path / "alone", pair[1:])
    told = next(time for time, status in player.statuses if status["scene"] == 1)
    early, late = (np.abs(at(player, told + t) - at(alone, told + t)).max() for t in (0.5, 1.7))
    assert early > 0.05
    assert late < 2e-3


def test_another_wish_in_the_middle_is_followed_at_once(tmp_path: Path, pair: tuple[Files, Files]) -> None:
    third = mapped(tmp_path, "noon", "wire", 0)
    says = ((0.6, encode("/scene", 1, 30.0)), (1.2, encode("/scene", 2, 0.5)))
    player, run = heard(tmp_path, [*pair, third], *says, seconds=3.0)
    alone, _ = heard(tmp_path / "alone", [third], seconds=3.0)
    assert at(player, 2.8) == pytest.approx(at(alone, 2.8), abs=2e-3)
    assert steps(player)[0] <= SLEW_SIGMAS_PER_S * FRAME_S * 1.001
    assert run.stats["underruns"] == 0


@pytest.mark.parametrize("swap", ["crossfade", "fade"])
def test_another_voice_is_a_crossfade_of_that_length(
    tmp_path: Path, pair: tuple[Files, Files], swap: str
) -> None:
    """An octave apart: the one fades while the other comes, and no sample jumps."""
    other = mapped(tmp_path, "high", "rotate", 1, pitch=0.012)
    player, run = heard(tmp_path, [pair[0], other], (1.0, encode("/scene", 1, 1.5)), seconds=4.0, swap=swap)
    told = next(time for time, status in player.statuses if status["scene"] == 1)
    assert told < 1.6
    loud = [_loudness(run, told + t) for t in (-0.3, 0.75, 2.0)]
    low, high = np.array(loud).T
    assert low[0] > 10 * high[0]
    assert high[2] > 10 * low[2]
    if swap == "crossfade":
        assert low[1] > 0.2 * low[0]
        assert high[1] > 0.2 * high[2]
    assert largest_jump(run) < 0.4 * 2 * np.pi * 0.016 * 1.5
    assert run.stats["underruns"] == 0


SLICE = ("--voice-slice-us", "1000")
HOP, HALF_A_BLOCK = 2048, 272
"""Operations that take 18 ms of the 23 that a block may: one voice fits, two do not."""


@pytest.mark.parametrize(("work", "cut"), [(HALF_A_BLOCK, True), (16, False)])
def test_a_board_that_does_not_carry_both_voices_ends_the_crossfade_soon(
    tmp_path: Path, work: int, cut: bool
) -> None:
    """A crossfade of 20 s: two underruns, then the new voice sounds alone; a fast board takes its time."""
    low, high = (
        scene(tmp_path, name, hop=HOP, pitch=pitch, work=work)
        for name, pitch in (("low", 0.004), ("high", 0.012))
    )
    player, run = heard(tmp_path, [low, high], (1.0, encode("/scene", 1, 20.0)), options=SLICE, seconds=3.0)
    told = next(time for time, status in player.statuses if status["scene"] == 1)
    before, after = (_loudness(run, second)[0] for second in (told - 0.3, told + 1.5))
    if cut:
        assert after < 0.05 * before
        assert 2 <= run.stats["underruns"] <= 3
        assert run.stats["underruns_at_s"][-1] < told + 0.5
    else:
        assert after > 0.5 * before
        assert run.stats["underruns"] == 0


def test_a_crossfade_ends_soon_where_another_voice_is_asked_for(tmp_path: Path) -> None:
    """Twenty seconds to the second voice; the third, asked for after one of them, sounds alone at once."""
    low, middle, high = (
        scene(tmp_path, name, pitch=pitch)
        for name, pitch in (("low", 0.004), ("middle", 0.006), ("high", 0.012))
    )
    says = ((1.0, encode("/scene", 1, 20.0)), (2.0, encode("/scene", 2, 0.0)))
    player, run = heard(tmp_path, [low, middle, high], *says)
    told = next(time for time, status in player.statuses if status["scene"] == 2)
    assert told < 2.6
    low_before, low_after = (_loudness(run, second)[0] for second in (1.9, told + 0.4))
    assert low_after < 0.05 * low_before
    assert run.stats["underruns"] == 0


def _loudness(run: Run, second: float) -> tuple[float, float]:
    """Of the low and of the high voice's band, around a second."""
    part = run.samples()[int((second - 0.1) * 44100) : int((second + 0.1) * 44100), 0]
    power = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    hz = np.fft.rfftfreq(len(part), 1 / 44100)
    return float(power[(hz > 80) & (hz < 290)].max()), float(power[(hz > 300) & (hz < 900)].max())


def test_a_time_out_of_range_is_refused(tmp_path: Path, pair: tuple[Files, Files]) -> None:
    player, _ = heard(tmp_path, pair, (0.5, encode("/scene", 1, 31.0)), seconds=1.5)
    assert "wanted seconds 0 to 30" in player.statuses[-1][1]["refusal"]
    assert player.statuses[-1][1]["scene"] == 0
