"""The log of what board and host said."""

from pathlib import Path

import numpy as np

from lodestone import osc_log
from lodestone.simulated_host import SimulatedHost, first_sound_cues, packet


def test_a_message_is_decoded_with_its_time_and_direction() -> None:
    heard = list(osc_log.decode(1_500_000, "out", packet("/field", 2, 0.25, -0.5, 4.0)))
    assert heard == [osc_log.Heard(1.5, "out", "/field", (2, 0.25, -0.5, 4.0))]


def test_a_malformed_packet_is_logged_and_not_lost() -> None:
    (heard,) = osc_log.decode(0, "out", b"\xff\x00\x01")
    assert heard.address == "(malformed)"


def test_series_takes_numbers_of_one_address_only() -> None:
    messages = [
        osc_log.Heard(0.0, "out", "/latent", (1.0, 2.0)),
        osc_log.Heard(0.1, "in", "/latent", (9.0, 9.0)),
        osc_log.Heard(0.2, "out", "/latent", (3.0, 4.0)),
        osc_log.Heard(0.2, "out", "/touch", (5.0,)),
    ]
    times, values = osc_log.series(messages, "/latent")
    np.testing.assert_array_equal(times, [0.0, 0.2])
    np.testing.assert_array_equal(values, [[1.0, 2.0], [3.0, 4.0]])


def test_series_of_nothing_is_empty() -> None:
    times, values = osc_log.series([], "/latent")
    assert times.shape == (0,)
    assert values.shape == (0, 0)


def test_written_log_has_a_line_a_message(tmp_path: Path) -> None:
    osc_log.write(tmp_path / "log", [osc_log.Heard(0.5, "in", "/mode", ("host",))])
    assert (tmp_path / "log").read_text().split() == ["0.5000", "in", "/mode", "host"]


def test_the_script_switches_to_the_host_and_back() -> None:
    modes = [cue.arguments[0] for cue in first_sound_cues(20.0) if cue.address == "/mode"]
    assert modes == ["host", "onboard"]


def test_the_host_keeps_its_heartbeat_and_sends_cues_in_time() -> None:
    host = SimulatedHost(None, first_sound_cues(20.0))
    for now_us in range(0, 20_000_000, 5_000):
        while host.datagram_in(now_us) is not None:
            pass
    beats = [m.time_s for m in host.messages if m.address == "/heartbeat"]
    assert np.diff(beats).max() <= 0.105
    times = [m.time_s for m in host.messages if m.address == "/mode"]
    np.testing.assert_allclose(times, [9.0, 13.0], atol=0.006)
