"""Board and host in turn: no switch clicks; a host that dies is replaced, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lodestone.hosting.host_player import HostPlayer
from lodestone.hosting.link import BoardLink
from lodestone.hosting.mixed_voices import Mix
from sensors.simulation import QuietOutside
from tests.lodestone.test_host import tiny
from tests.support import switches as support
from tests.support.messages import message
from tests.support.switches import BEAT_S, PATIENCE_S, RESCUE_S, largest_step, switch
from tests.support.tiny import RATE, image, play, scene

FADE_MS = 100
TICK_S = 0.025
"""The last heartbeat is heard within 10 ms, looked at every 10 ms, and the sound goes on by a block."""


def test_switches_at_random_moments_do_not_click(tmp_path: Path) -> None:
    found = switch(tmp_path, 150)
    assert found.sounded > 80
    assert found.deaths == 3
    assert found.underruns == 0
    assert found.step <= found.bound


def test_a_hard_switch_would_be_above_the_bound() -> None:
    at = np.arange(RATE)
    host = support.HOST_PEAK * np.sin(2 * np.pi * support.HOST_HZ / RATE * at)
    board = 0.3 * np.sin(2 * np.pi * 0.004 * at)
    jumps = np.abs(host[1:] - board[:-1])
    assert np.mean(jumps > largest_step(0.06)) > 0.8


class Dying(QuietOutside):
    """A host whose sound and heart stop from 2.95 s to 4.95 s."""

    def __init__(self) -> None:
        super().__init__()
        beats = [at for at in np.arange(0.5, 8.0, BEAT_S) if not 2.95 <= at < 4.95]
        self.due = [(0.6, message("/mode", "host")), *((float(at), message("/heartbeat")) for at in beats)]
        self.due.sort(key=lambda due: due[0])

    def datagram_in(self, now_us: int) -> bytes | None:
        return self.due.pop(0)[1] if self.due and self.due[0][0] * 1e6 <= now_us else None

    def audio(self, now_us: int, block: NDArray[np.float32]) -> NDArray[np.float32]:
        dead = 2.95 <= now_us * 1e-6 < 4.95
        return np.full_like(block, 0.0 if dead else 0.25)


def test_a_host_that_dies_is_replaced_in_time_and_comes_back(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), crossfade_ms=FADE_MS)
    run = play(tmp_path, made, "--period", "128", seconds=7.0, outside=Dying())
    changes = {(mode["sounding"], round(mode["time_s"])): mode["time_s"] for mode in run.stats["modes"]}
    last_beat_s = 2.9
    assert changes["onboard", 3] <= last_beat_s + PATIENCE_S + TICK_S
    assert changes["host", 5] <= 5.0 + TICK_S
    sound = run.samples()[:, 0]

    def peak(begin_s: float, seconds: float) -> float:
        return float(np.abs(sound[round(begin_s * RATE) : round((begin_s + seconds) * RATE)]).max())

    replaced_s = last_beat_s + PATIENCE_S + TICK_S + RESCUE_S
    whole = peak(4.0, 0.9)
    assert whole > 0.15
    assert peak(replaced_s, 0.012) > 0.9 * whole  # two periods of the board's sine after the fade
    back = sound[round((5.0 + TICK_S + FADE_MS / 1000.0) * RATE) :]
    assert back == pytest.approx(0.25, abs=1e-3)


class WayBack(QuietOutside):
    """`lodestone host` whose sound goes into the board's audio input."""

    def __init__(self) -> None:
        super().__init__()
        self.link = WayBackLink()
        self.player = HostPlayer(Mix([tiny()]), self.link, None, self._keep, lambda: 0.0, lambda _: None)
        self.link.hear = self.player.heard
        self.sounded: list[NDArray[np.float32]] = []
        self.link.send("/mode", "host")

    def _keep(self, block: NDArray[np.float32]) -> None:
        self.sounded.append(block)

    def datagram_out(self, now_us: int, data: bytes) -> None:
        self.link.take(data)

    def datagram_in(self, now_us: int) -> bytes | None:
        self.link.now_s = now_us * 1e-6
        return self.link.said.pop(0) if self.link.said else None

    def audio(self, now_us: int, block: NDArray[np.float32]) -> NDArray[np.float32]:
        self.blocks.append(block)
        self.player.step()
        return np.asarray(self.sounded[-1].reshape(block.shape))


class WayBackLink(BoardLink):
    """The host's end of a link in virtual time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.said: list[bytes] = []
        self.hear: Callable[[NDArray[np.float32]], object] = lambda _: None
        super().__init__("127.0.0.1", 9, lambda latent: self.hear(latent), lambda: self.now_s)

    def send(self, address: str, *values: str | int | float) -> None:
        self.said.append(message(address, *values))


def test_the_hosts_sound_comes_back_through_the_board_to_the_bit(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), crossfade_ms=FADE_MS)
    outside = WayBack()
    run = play(tmp_path, made, "--period", "128", seconds=3.0, outside=outside)
    outside.link.close()
    assert run.stats["modes"][-1]["sounding"] == "host"
    assert outside.link.packets > 300
    board = np.concatenate([block.reshape(-1, 2) for block in outside.blocks])
    host = np.concatenate(outside.sounded)
    settled = len(board) // 2
    same = [
        late
        for late in range(0, 4 * 128, 128)
        if np.array_equal(board[settled:], host[settled - late : len(host) - late])
    ]
    assert len(same) == 1  # and no more than so many samples later
    assert np.ptp(board[settled:, 0]) > 0.1
