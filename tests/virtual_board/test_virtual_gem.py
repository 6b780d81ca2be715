"""deploy.sh to an emulated Bela Gem: what test_virtual_bela.py shows, as far as it depends on the image."""

from __future__ import annotations

import pytest

from tests.virtual_board.flashed import PERIOD, FlashedBoard

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]


def test_the_gem_builds_plays_goes_back_and_starts(gem: FlashedBoard) -> None:
    done = gem.flash("first")
    assert done.returncode == 0, done.stderr
    assert "The board is at 127.0.0.1: Bela Gem\n" in done.stderr
    status = gem.status()
    assert (status.scene_name, status.trouble, status.sensor_flags) == ("first", "", (0, 0, 0, 0))
    assert gem.machine.do("cat /opt/Bela/startup_env").endswith(f"ARGS=-p {PERIOD} -r 44100")
    assert "warning" not in gem.machine.do("cat /root/lodestone/build.log")
    assert gem.flash("second").returncode == 0
    assert gem.plays() == "second"
    with gem.undisturbed():
        assert gem.flash("broken", source="int Broken() { return nonsense; }\n").returncode == 1
    assert gem.machine.deploy("--rollback").returncode == 0
    assert gem.plays() == gem.installed() == "first"
    gem.machine.power_off()
    gem.machine.power_on()
    assert gem.plays() == "first"
