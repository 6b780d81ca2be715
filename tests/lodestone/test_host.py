"""The host's synthesis: any link, any clock, the same sound as offline; and a board that it takes over."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from firmware import Engine
from firmware._firmware import osc_encode
from graphs.card import Card, LatentStatistics
from lodestone.board import Board
from lodestone.hosting.host_player import BLOCK, HostPlayer
from lodestone.hosting.latents import MOST_SIGMA_PER_S, LatentGlide
from lodestone.hosting.link import BoardLink
from lodestone.hosting.mixed_voices import HostVoice, Mix
from lodestone.live.instrument import LiveInstrument
from sensors.simulation.live_world import LiveWorld
from tests.lodestone.test_live import free_port
from tests.lodestone.test_takes import tiny_onnx
from tests.support.ctrl_c import hears_ctrl_c
from tests.support.tiny import RATE, image, scene, voice_plan

HOP = 512


def tiny(level: float = 1.0, hop: int = HOP, rate: int = RATE) -> HostVoice:
    """A sine that its first latent bends, its second makes louder."""
    statistics = LatentStatistics("made up", np.zeros(2, np.float32), np.ones(2, np.float32), None, None)
    card = Card("voice", "tiny", 2, sample_rate=rate, hop=hop, channels=1, delay_samples=3, latent=statistics)
    return HostVoice(Engine(voice_plan(hop)), card, level)


class HarshLink(BoardLink):
    """Loses a twentieth, delays by up to 80 ms, so that packets change places, and doubles some."""

    def __init__(self, clock: Callable[[], float], seconds: float, harsh: bool, seed: int = 1) -> None:
        super().__init__("127.0.0.1", 9, lambda latent: self.player.heard(latent), clock)
        self.player: HostPlayer
        random = np.random.default_rng(seed)
        arrivals: list[tuple[float, bytes]] = []
        for index in range(round(seconds * 200)):
            sent = index * 0.005
            z = [float(np.sin(2.0 * np.pi * 0.7 * sent)), float(np.cos(2.0 * np.pi * 0.4 * sent))]
            packet = osc_encode(("/latent", "ff", z))
            copies = 1 if not harsh else 0 if random.uniform() < 0.05 else 2 if random.uniform() < 0.05 else 1
            for _ in range(copies):
                arrivals.append((sent + (float(random.uniform(0.0, 0.08)) if harsh else 0.0), packet))
        self._coming = deque(sorted(arrivals))

    def tick(self) -> None:
        while self._coming and self._coming[0][0] <= self._clock():
            self.take(self._coming.popleft()[1])


class VirtualCard:
    """A card with a clock of its own, 256 frames at a time."""

    def __init__(self, drift: float) -> None:
        self.drop_outs, self.target, self.fill, self.started = 0, 441, 0, False
        self.rate, self.device_late = RATE, 0
        self.device_s = 256 / RATE
        self._step_s = 256 / RATE / (1.0 + drift)
        self._next_s = 0.0

    def offer(self, block: np.ndarray) -> None:
        self.fill += len(block)
        self.started = self.started or self.fill >= self.target

    def run_until(self, now: float) -> None:
        if not self.started:
            self._next_s = now
        while self.started and self._next_s <= now:
            self.drop_outs += self.fill < 256
            self.fill -= min(self.fill, 256)
            self._next_s += self._step_s


def play(seconds: float, harsh: bool, drift: float = 0.0) -> tuple[np.ndarray, HostPlayer, VirtualCard]:
    now = [0.0]
    card = VirtualCard(drift)

    def sleep(span: float) -> None:
        now[0] += span
        card.run_until(now[0])

    link = HarshLink(lambda: now[0], seconds, harsh)
    blocks: list[np.ndarray] = []
    player = HostPlayer(Mix([tiny()]), link, card, blocks.append, lambda: now[0], sleep)
    link.player = player
    while now[0] < seconds:
        player.step()
    link.close()
    return np.concatenate(blocks), player, card


# 0.4 of full scale at 0.005 cycles a sample, and what the level moves at a hop's edge within the slew limit.
STEP = 2.0 * np.pi * 0.005 * 0.4 + 0.1 * MOST_SIGMA_PER_S * HOP / RATE


@pytest.mark.parametrize("drift", [-3e-4, 3e-4])
def test_a_harsh_link_makes_no_gap_and_no_step(drift: float) -> None:
    sound, player, card = play(30.0, True, drift)
    assert player.link.gaps > 10
    assert card.drop_outs == 0
    assert np.abs(np.diff(sound[:, 0])).max() <= STEP
    whole = len(sound) // (BLOCK * 4) * BLOCK * 4
    loud = np.abs(sound[:whole, 0]).reshape(-1, BLOCK * 4).max(axis=1)
    assert loud.min() > 0.15  # a sine of at least 0.2 whose period is shorter than four blocks


def test_packet_to_sound_is_half_a_hop_and_the_ring() -> None:
    _, player, card = play(10.0, False)
    assert player.link.gaps == 0
    parts = player.latency_ms()
    assert parts["hop"] == pytest.approx(1e3 * HOP / 2 / RATE, abs=0.3)
    assert parts["ring"] == pytest.approx(1e3 * (card.target - BLOCK) / RATE, abs=3.0)
    assert parts["card"] == pytest.approx(1e3 * 256 / RATE)
    assert parts["hop"] + parts["ring"] + parts["card"] <= 1e3 * HOP / 2 / RATE + 15.0


def test_the_sound_is_that_of_the_offline_engine() -> None:
    voice, engine = tiny(), Engine(voice_plan(HOP))
    glide = LatentGlide(np.zeros(2, np.float32), np.ones(2, np.float32))
    heard, wanted = [], []
    random = np.random.default_rng(2)
    for _ in range(200):
        latent = random.normal(size=2).astype(np.float32)
        voice.glide.hear(latent)
        glide.hear(latent)
        heard.append(voice.render(HOP)[:, 0])
        wanted.append(engine.run({"latent": glide.move(HOP / RATE)[None, :, None]})["audio"][0, 0])
    difference = np.concatenate(heard) - np.concatenate(wanted)
    assert 20 * np.log10(np.std(np.concatenate(wanted)) / max(np.std(difference), 1e-12)) > 100.0


def test_latents_of_another_voice_and_nonsense_are_not_taken() -> None:
    glide = LatentGlide(np.zeros(2, np.float32), np.ones(2, np.float32))
    assert not glide.hear(np.zeros(3, np.float32))
    assert not glide.hear(np.array([np.nan, 0.0], np.float32))
    assert (glide.move(1.0) == 0.0).all()
    assert glide.hear(np.array([100.0, 0.0], np.float32))
    assert glide.move(0.01)[0] == pytest.approx(MOST_SIGMA_PER_S * 0.01)


def test_several_voices_are_mixed_by_their_levels() -> None:
    alone = tiny(1.0).render(4 * HOP)[:, 0]
    both = Mix([tiny(0.25), tiny(0.5, hop=1024)])
    sound = both.render(4 * HOP)
    second = tiny(1.0, hop=1024).render(4 * HOP)[:, 0]
    np.testing.assert_allclose(sound[:, 0], 0.25 * alone + 0.5 * second, atol=1e-6)


def test_a_voice_of_another_rate_is_resampled_to_the_first_ones() -> None:
    silent, other = tiny(0.0), tiny(rate=48000)
    mix = Mix([silent, other])
    assert mix.rate == RATE
    silent.begin(0.0)
    sound = mix.render(RATE)[:, 0]
    alone = tiny(rate=48000).render(48000)[:, 0]
    for heard, rate in ((sound, RATE), (alone, 48000)):
        part = heard[rate // 2 : rate // 2 + rate // 5]
        assert np.argmax(np.abs(np.fft.rfft(part * np.hanning(len(part))))) == round(0.004 * 48000 / 5)
    assert np.abs(np.diff(sound[4410:])).max() <= STEP * 48000 / RATE


def test_levels_glide() -> None:
    voice = tiny()
    voice.render(HOP)
    voice.level = 0.0
    assert np.abs(np.diff(voice.render(2 * HOP)[:, 0])).max() <= STEP
    assert np.abs(voice.render(HOP)).max() == 0.0


def test_a_board_is_taken_over_and_goes_on_when_the_host_dies(tmp_path: Path) -> None:
    port = free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=port, osc_targets=(("127.0.0.1", free_port()),)
    )
    with LiveInstrument(made, RATE, LiveWorld({}), port=port), Board("127.0.0.1", port, 5.0) as board:
        link = BoardLink("127.0.0.1", port, lambda latent: player.heard(latent))
        player = HostPlayer(Mix([tiny()]), link)
        link.send("/mode", "host")
        until = time.monotonic() + 20.0
        while not (link.packets and link.status and link.status.sounding == "host" and link.model):
            assert time.monotonic() < until
            player.step()
        died = time.monotonic()
        assert board.wait(lambda s: s.sounding == "onboard", 10.0)
        assert time.monotonic() - died < 5.0  # 0.3 s on the board's clock; this machine may be busy
        back = None
        while back is None:
            assert time.monotonic() < until + 20.0
            player.step()
            back = board.wait(lambda s: s.sounding == "host", 0.005)
        link.close()


def test_a_voice_of_another_latent_count_is_refused_in_one_line(tmp_path: Path) -> None:
    port = free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=port, osc_targets=(("127.0.0.1", free_port()),)
    )
    voice = tiny_onnx(tmp_path, latents=3)
    command = [sys.executable, "-m", "lodestone", "host", str(voice), "--silent", "--query", "0"]
    command += ["--board", "127.0.0.1", "--port", str(port)]
    with LiveInstrument(made, RATE, LiveWorld({}), port=port):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f"wanted a voice of 2 latents, as the board sends, got {voice} of 3: " in done.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "kill"])
def test_the_command_plays_into_a_file_that_is_whole_at_the_end(tmp_path: Path, end: signal.Signals) -> None:
    port = free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=port, osc_targets=(("127.0.0.1", free_port()),)
    )
    voice, wav = tiny_onnx(tmp_path), tmp_path / "take.wav"
    command = [sys.executable, "-m", "lodestone", "host", f"{voice}=0.5", "--silent", "--query", "0"]
    command += ["--board", "127.0.0.1", "--port", str(port), "--wav", str(wav)]
    with (
        LiveInstrument(made, RATE, LiveWorld({}), port=port),
        Board("127.0.0.1", port, 5.0) as board,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c) as host,
    ):
        assert board.wait(lambda s: s.sounding == "host", 60.0)
        board.wait(lambda _: False, 1.0)
        host.send_signal(end)
        _, said = host.communicate(timeout=60)
        assert host.returncode == 0, said
        assert board.wait(lambda s: s.sounding == "onboard", 10.0)  # it is given back
    sound, rate = soundfile.read(wav)
    assert rate == RATE
    assert 0.05 < np.abs(sound).max() < 0.3
    assert "host, " in said


def test_a_board_that_is_not_there_is_told_in_one_line() -> None:
    command = [
        sys.executable,
        "-m",
        "lodestone",
        "host",
        "--silent",
        "--board",
        "127.0.0.1",
        "--port",
        str(free_port()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "no answer" in done.stderr
