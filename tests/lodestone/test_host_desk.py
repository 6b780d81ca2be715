"""The player's end of a host: keys, MIDI, OSCQuery and zeroconf, its own touch, voices that follow scenes."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mido
import numpy as np
import pytest

import calibration
import sensors
from calibration.session import calibrate_simulated
from firmware import Engine
from firmware._firmware import osc_encode
from graphs.card import Card
from lodestone.board_messages import BoardKnob, Model
from lodestone.hosting import midi as midi_module
from lodestone.hosting.desk import Desk
from lodestone.hosting.following import Following
from lodestone.hosting.host_player import HostPlayer
from lodestone.hosting.link import BoardLink
from lodestone.hosting.midi import MidiDesk, MidiError, MidiMap, choices, open_input
from lodestone.hosting.mixed_voices import HostError, HostVoice, Mix
from lodestone.hosting.query import THIS_MACHINE, Namespace, announced, query_server
from lodestone.hosting.touch import OwnTouch
from mapping import touch_graph
from model_export.compiler import compile_plan
from sensors.simulation.hands import ControllerHand
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_host import HOP, STEP, tiny
from tests.support.plain_board import gaussian_card
from tests.support.tiny import RATE


class Spoken(BoardLink):
    """A link whose words are kept instead of sent."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1", 9, lambda latent: None, lambda: 0.0)
        self.said: list[tuple[Any, ...]] = []

    def send(self, address: str, *values: str | int | float) -> None:
        self.said.append((address, *values))

    def tick(self) -> None:
        pass


@pytest.fixture
def link() -> Iterator[Spoken]:
    made = Spoken()
    made.knobs["reach"] = BoardKnob(0, 1, "reach", 8.0, 2.0, 10.0, 8.0, "mT")
    made.scenes = 3
    yield made
    made.close()


def desk_for(link: Spoken, midi: MidiDesk | None = None) -> tuple[Desk, list[str]]:
    told: list[str] = []
    player = HostPlayer(Mix([tiny()]), link, None, lambda _: None, lambda: 0.0, lambda _: None)
    return Desk(player, told.append, midi), told


def control(number: int, value: int) -> mido.Message:
    return mido.Message("control_change", control=number, value=value)


def test_keys_do_what_they_say(link: Spoken) -> None:
    desk, told = desk_for(link)
    for key in "ohbm7":
        assert desk.press(key)
    modes = [("/mode", "onboard"), ("/mode", "host"), ("/mode", "both")]
    assert link.said == [*modes, ("/mute", 1), ("/scene", 7)]
    desk.press("-")
    assert desk.player.mix.level == pytest.approx(0.89)
    for _ in range(9):
        desk.press("+")
    assert desk.player.mix.level == 1.0
    desk.press("l")
    assert told == ["no MIDI: start with --midi ''"]
    assert not desk.press("q")


def test_the_meter_tells_all_in_a_line(link: Spoken) -> None:
    desk, _ = desk_for(link)
    player = desk.player
    player.mix.hear(np.array([2.9, -2.9], np.float32))
    player.mix.voices[0].glide.move(10.0)
    link.packets, link.gaps = 7, 1
    said = desk.meter()
    assert said.startswith(
        "no board, 7 packets, 1 gaps, packet to sound 0.1 ms (hop 0.0, ring 0.0, card 0.0, model 0.1), load"
    )
    assert said.endswith("latents █▁")


def test_a_control_is_learned_turns_its_knob_and_is_kept(link: Spoken, tmp_path: Path) -> None:
    path = tmp_path / "a.midi.json"
    midi = MidiDesk(MidiMap.load(path), keep=lambda learned: learned.save(path))
    desk, _ = desk_for(link, midi)
    desk.step()
    desk.press("l")  # the first that can be learned: knob reach
    midi.hear(control(21, 0))
    desk.step()
    midi.hear(control(21, 64))
    midi.hear(control(21, 127))
    desk.step()
    assert link.said == [("/knob/reach", 2.0), ("/knob/reach", 10.0)]  # of many turns the last counts
    assert MidiMap.load(path).controls[21] == "knob reach"
    midi.hear(control(7, 0))
    desk.step()
    assert desk.player.mix.level == 0.0


def test_programs_choose_scenes_and_a_pedal_acts_once_when_it_goes_down(link: Spoken) -> None:
    midi = MidiDesk(MidiMap())
    desk, _ = desk_for(link, midi)
    midi.hear(mido.Message("program_change", program=2))
    for value in (0, 127, 100, 0, 127):
        midi.hear(control(64, value))
    desk.step()
    assert link.said == [("/scene", 2), ("/scene", 1), ("/scene", 1)]
    for what, wanted in (("mode", ("/mode", "host")), ("mute", ("/mute", 1)), ("rest", ("/rest",))):
        link.said.clear()
        midi.map.controls[64] = what
        midi.hear(control(64, 0))
        midi.hear(control(64, 127))
        desk.step()
        assert link.said == [wanted]


def test_everything_can_be_learned_and_wrong_files_are_refused(tmp_path: Path) -> None:
    assert choices(["reach"]) == ["knob reach", "level", "mode", "mute", "next", "rest"]
    for text in ("{", "[]", '{"format": "lodestone-midi", "version": 2, "controls": {}}',
                 '{"format": "lodestone-midi", "version": 1, "controls": {"128": "level"}}',
                 f'{{"format": "lodestone-midi", "version": 1, "controls": {{"{"9" * 5000}": "level"}}}}',
                 '{"format": "lodestone-midi", "version": 1, "controls": {"1": "explode"}}'):  # fmt: skip
        path = tmp_path / "wrong.json"
        path.write_text(text)
        with pytest.raises(MidiError, match="wanted"):
            MidiMap.load(path)


def test_a_midi_input_is_found_by_part_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, Any]] = []
    monkeypatch.setattr(mido, "get_input_names", lambda: ["Through Port", "nanoKONTROL2 MIDI 1"])
    monkeypatch.setattr(mido, "open_input", lambda name, callback: opened.append((name, callback)))
    open_input("nanokontrol", print)
    open_input("", print)
    assert [name for name, _ in opened] == ["nanoKONTROL2 MIDI 1", "Through Port"]
    with pytest.raises(MidiError, match=r"wanted a MIDI input organ, got Through Port, nanoKONTROL2"):
        open_input("organ", print)

    def broken() -> list[str]:
        raise SystemError("no sequencer")

    monkeypatch.setattr(mido, "get_input_names", broken)
    with pytest.raises(MidiError, match="wanted a MIDI system, got no sequencer"):
        midi_module.open_input("", print)


def test_a_controller_moves_the_marbles_of_a_live_world() -> None:
    told: list[str] = []
    hand = ControllerHand(told=told.append)
    world = LiveWorld(three_marbles(), hand=hand)
    hand.hear(control(30, 127))
    hand.hear(control(31, 64))
    hand.hear(mido.Message("note_on", note=1))
    for step in range(200):
        world.axis_ut(0, 0, step * 5_000_000)
    assert told == ["control 30 now moves marble 1 along x", "control 31 now moves marble 1 along y"]
    assert world.places()[1][:2] == pytest.approx((95.0, 0.75), abs=1.0)


def fetch(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as reply:
        body = reply.read()
        return reply.status, json.loads(body) if body else None


def test_odd_questions_say_nothing_on_the_players_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    def asked(line: bytes, gone: bool = False) -> bytes:
        with socket.create_connection(("127.0.0.1", port)) as asking:
            if gone:  # a reset, as of a program that was ended
                asking.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            asking.sendall(line)
            return b"" if gone else asking.recv(100)

    with query_server(Namespace(), ("127.0.0.1", 1), 0) as port:
        assert b" 400 " in asked(b"GET http://[ HTTP/1.0\r\n\r\n")
        for _ in range(20):
            asked(b"GET / HTTP/1.0\r\n\r\n", gone=True)
        assert b" 200 " in asked(b"GET / HTTP/1.0\r\n\r\n")
    assert capfd.readouterr().err == ""


def test_a_name_that_cannot_be_announced_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("zeroconf")
    monkeypatch.setattr(socket, "gethostname", lambda: "x" * 100)
    before = set(threading.enumerate())
    with announced(1234, ["127.0.0.1"]) as name:
        assert name == ""
    assert set(threading.enumerate()) <= before


def test_oscquery_tells_names_ranges_and_values() -> None:
    names = Namespace()
    names.knobs = {"reach": BoardKnob(0, 1, "reach", 8.0, 2.0, 10.0, 8.0, "mT")}
    with query_server(names, ("192.168.7.2", 7564), 0) as port:
        info = fetch(port, "/?HOST_INFO")[1]
        assert (info["OSC_IP"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == ("192.168.7.2", 7564, "UDP")
        root = fetch(port, "/")[1]
        assert root["CONTENTS"]["mode"]["RANGE"] == [{"VALS": ["onboard", "host", "both"]}]
        knob = fetch(port, "/knob/reach")[1]
        assert knob["RANGE"] == [{"MIN": 2.0, "MAX": 10.0}]
        assert knob["VALUE"] == [8.0]
        assert fetch(port, "/knob/reach?VALUE") == (200, {"VALUE": [8.0]})
        assert fetch(port, "/status?VALUE")[0] == 204
        for path, status in (("/nothing", 404), ("/knob/reach?NONSENSE", 400)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                fetch(port, path)
            assert refused.value.code == status
        with query_server(names, ("127.0.0.1", 1), port) as other:  # taken: another one
            assert other != port


def test_only_who_shares_answers_the_link() -> None:
    for address, open_to_all in ((THIS_MACHINE, False), ("", True)):
        with query_server(Namespace(), ("127.0.0.1", 1), 0, address) as port:
            with socket.create_connection((THIS_MACHINE, port), 5.0):
                pass
            refused = contextlib.nullcontext() if open_to_all else pytest.raises(ConnectionRefusedError)
            with refused, socket.create_connection(("127.0.0.2", port), 5.0):  # an address as any other
                pass


def test_the_host_is_found_by_zeroconf() -> None:
    from zeroconf import ServiceBrowser, Zeroconf

    found: list[str] = []
    listener = SimpleNamespace(
        add_service=lambda _, kind, name: found.append(name),
        remove_service=lambda *_: None,
        update_service=lambda *_: None,
    )
    with announced(7565, ["127.0.0.1"]) as name:
        if not name:
            pytest.skip("no multicast on this machine")
        other = Zeroconf(interfaces=["127.0.0.1"])
        ServiceBrowser(other, "_oscjson._tcp.local.", listener)  # type: ignore[arg-type]
        until = time.monotonic() + 20.0
        while name not in found and time.monotonic() < until:
            time.sleep(0.05)  # the other end answers on the machine's clock
        info = other.get_service_info("_oscjson._tcp.local.", name)
        other.close()
    assert name in found
    assert info is not None
    assert info.port == 7565


def test_its_own_touch_is_that_of_the_board(tmp_path: Path) -> None:
    file = tmp_path / "board.calibration.json"
    calibrate_simulated(file, seed=2)
    card = gaussian_card(4)
    own = OwnTouch(file, card, "rotate")
    engine = Engine(compile_plan(touch_graph(calibration.load(file), card, "rotate")))
    own.turn("entanglement", 0.9)
    own.turn("reach", 1e9)
    assert own.knobs["reach"] < 1e6  # kept in its range
    heard, wanted = [], []
    with sensors.open_source("sim:first-sound?seed=2") as source:
        for index, frame in zip(range(600), source, strict=False):
            for sensor in range(4):
                latent = own.hear(sensor + 1, frame.field_mt[sensor].tolist(), index * 0.005)
                assert (latent is not None) == (sensor == 3)
            assert latent is not None
            heard.append(latent)
            knobs = {f"knob.{name}": np.float32(value) for name, value in own.knobs.items()}
            inputs = {
                "field": frame.field_mt.astype(np.float32),
                "valid": np.ones(4, np.float32),
                "temperature": np.full(4, 25.0, np.float32),
                "dt": np.float32(0.005 if index == 0 else index * 0.005 - (index - 1) * 0.005),
            }
            wanted.append(engine.run({**inputs, **knobs})["latent"].reshape(-1))
    np.testing.assert_allclose(heard, wanted, atol=1e-5)
    assert np.ptp(heard, axis=0).max() > 0.5


def test_a_lost_packet_of_the_field_costs_no_frame(tmp_path: Path) -> None:
    file = tmp_path / "board.calibration.json"
    calibrate_simulated(file, seed=2)
    own = OwnTouch(file, gaussian_card(4), "rotate")
    frames = sum(
        own.hear(sensor, (0.1, 0.2, 30.0), 0.005 * frame) is not None
        for frame in range(100)
        for sensor in (1, 2, 3, 4)
        if not (sensor == 4 and frame % 10 == 5)
    )
    assert frames == 100
    assert own.hear(5, (0.0, 0.0, 0.0), 1.0) is None
    assert own.hear(4, (float("nan"), 0.0, 0.0), 1.0) is None


class FixedTouch:
    """A touch whose latents are the field of sensor 4."""

    def hear(self, sensor: int, field_mt: tuple[float, ...], now_s: float) -> np.ndarray | None:
        return np.array(field_mt[:2], np.float32) if sensor == 4 else None


def test_a_voice_with_its_own_touch_hears_the_field_and_not_the_latents() -> None:
    link = BoardLink("127.0.0.1", 9, lambda latent: player.heard(latent), lambda: 0.0)
    voice = tiny()
    voice.touch = FixedTouch()  # type: ignore[assignment]
    player = HostPlayer(Mix([voice]), link, None, lambda _: None, lambda: 0.0, lambda _: None)
    link.take(osc_encode(("/latent", "ff", [9.0, 9.0])))
    link.take(osc_encode(("/field", "ifff", [4, 0.5, -0.5, 1.0])))
    voice.glide.move(10.0)
    np.testing.assert_allclose(voice.glide.move(10.0), [0.5, -0.5])
    link.close()


def other(name: str, rate: int = RATE) -> HostVoice:
    made = tiny(rate=rate)
    made.card = Card("voice", name, 2, sample_rate=rate, hop=HOP, channels=1)
    return made


def model(voice: str) -> Model:
    return Model(2, voice, "touch", RATE, HOP, 1, 0)


def test_the_voice_of_a_new_scene_is_loaded_and_crossfaded() -> None:
    told: list[str] = []
    mix = Mix([other("first")])

    def load(name: str) -> HostVoice:
        if name == "none":
            raise HostError("a voice", "none", "name one")
        return other(name, 48000 if name == "odd" else RATE)

    following = Following(mix, load, told.append)

    def look(name: str, done: int) -> np.ndarray:
        until = time.monotonic() + 20.0
        blocks = []
        while len(told) < done and time.monotonic() < until:
            following.look(model(name))
            blocks.append(mix.render(128))
        return np.concatenate([*blocks, *(mix.render(128) for _ in range(40))])

    sound = np.concatenate([mix.render(HOP), look("second", 1)])
    assert told == ["plays second"]
    assert [voice.silent for voice in mix.voices] == [True, False]
    assert np.abs(np.diff(sound[:, 0])).max() <= 2 * STEP
    look("odd", 2)
    assert told[1] == "plays odd"
    assert [voice.rate for voice in mix.voices] == [RATE] * 3
    look("none", 3)
    assert told[2] == "wanted a voice, got none: name one"
    following.look(model("first"))
    assert [voice.level for voice in mix.voices] == [1.0, 0.0, 0.0]
