"""Takes: a live performance is kept whole, and sounds again, the same to the bit, with any voice."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile

import sensors
from calibration.session import calibrate_simulated
from graphs.card import KEY, Card
from lodestone.hosting.mixed_voices import load_voice
from lodestone.live.instrument import LiveInstrument
from lodestone.settings import SceneSettings
from lodestone.summary import Summary
from lodestone.takes.content import cues, field_world, latents
from lodestone.takes.from_field import perform_take
from lodestone.takes.heard import Heard
from lodestone.takes.take_file import Event, Take, TakeError, TakeWriter, read_take
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_live import free_port
from tests.support.ctrl_c import hears_ctrl_c
from tests.support.tiny import RATE, image, scene, voice_model

LODESTONE = [sys.executable, "-m", "lodestone"]


def status(scene_name: str = "one", muted: int = 0, resting: int = 0) -> tuple[object, ...]:
    head = ("onboard", "onboard", 0, scene_name, 0.1, 0.1, 0, 200.0, 0, 0, 0, 0, 25.0, muted, 1.0, "0.2", "")
    return (*head, 0, "", 0, "", resting, 0, 0, 0.0)


def made_up(seconds: float = 4.0) -> Take:
    """A gesture's own frames as a board tells them, with two vectors of latents a frame and a few cues."""
    events: list[Event] = [
        Event(0.0, "/model", (2, "tiny", "touch", RATE, 512, 1, 3)),
        Event(0.0, "/status", status()),
    ]
    with sensors.open_source("sim:first-sound?seed=2") as source:
        for index, frame in zip(range(round(seconds * 200)), source, strict=False):
            at = 0.001 + index * 0.005
            clock = (index * 5000 + (1 << 31) - 100_000) % (1 << 31)  # the board's time wraps on the way
            warmth = [float(value) for value in frame.temperature_c]
            events.append(Event(at, "/frame", (index, clock, 0, 0, 0, 0, 1.0, 1.0, 1.0, 1.0, *warmth)))
            for sensor in range(4):
                events.append(Event(at, "/field", (sensor + 1, *map(float, frame.field_mt[sensor]))))
            events.append(
                Event(at, "/latent", (float(np.float32(np.sin(at * 5))), float(np.float32(np.cos(at * 3)))))
            )
    events.append(Event(1.0, "/knobs", (0, 2, "entanglement", 0.75, 0.0, 1.0, 0.5, "")))
    events.append(Event(2.0, "/knobs", (1, 2, "nothing", 0.75, 0.0, 1.0, 0.5, "")))
    events += [Event(2.0, "/status", status(muted=1)), Event(3.0, "/status", status(scene_name="two"))]
    return Take({}, tuple(sorted(events, key=lambda event: event.time_s)), None)


def tiny_onnx(folder: Path, latents: int = 2) -> Path:
    path = folder / f"tiny{latents}.onnx"
    model = voice_model(latents=latents)
    card = Card("voice", "tiny", latents, sample_rate=RATE, hop=512, channels=1)
    next(entry for entry in model.metadata_props if entry.key == KEY).value = card.to_json()
    onnx.save(model, path)
    return path


def write(path: Path, take: Take) -> Path:
    with TakeWriter(path, {"voice": "tiny"}) as writer:
        for event in take.events:
            writer.add(event)
    return path


def test_a_take_comes_back_to_the_bit(tmp_path: Path) -> None:
    take = made_up(1.0)
    again = read_take(write(tmp_path / "a.take", take))
    assert again.damage is None
    assert again.info == {"voice": "tiny"}
    for wrote, read in zip(take.events, again.events, strict=True):
        assert read.address == wrote.address
        for a, b in zip(wrote.values, read.values, strict=True):
            assert np.float32(a) == np.float32(b) if isinstance(a, float) else a == b


def test_a_take_that_is_cut_anywhere_gives_all_before(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.take", made_up(3.0))
    data, events = whole.read_bytes(), read_take(whole).events
    rng = random.Random(1)
    for _ in range(20):
        cut = tmp_path / "cut.take"
        cut.write_bytes(data[: rng.randrange(200, len(data) - 1)])
        take = read_take(cut)
        assert take.damage is not None
        assert take.events == events[: len(take.events)]
    cut.write_bytes(data[: len(data) * 9 // 10])
    assert len(read_take(cut).events) > 0.5 * len(events)  # a second at most is missing, of three


def test_what_is_no_take_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.take"
    for content in (b"", b"no gzip", gzip.compress(b"{}\n"), gzip.compress(b"[1]\n")):
        path.write_bytes(content)
        with pytest.raises(TakeError, match="wanted a take"):
            read_take(path)
    path.write_bytes(gzip.compress(json.dumps({"format": "lodestone-take", "version": 2}).encode() + b"\n"))
    with pytest.raises(TakeError, match="version 2"):
        read_take(path)
    with pytest.raises(TakeError, match="correct the path"):
        read_take(tmp_path / "missing.take")


def test_the_field_of_a_take_is_on_the_boards_time_over_its_wrap() -> None:
    world = field_world(made_up(1.0))
    assert world.duration_s == pytest.approx(0.001 + 199 * 0.005)
    with sensors.open_source("sim:first-sound?seed=2") as source:
        frames = [frame for _, frame in zip(range(200), source, strict=False)]
    for index in (0, 50, 150):
        at = round((0.001 + index * 0.005) * 1e9)
        assert world.axis_ut(2, 1, at) == pytest.approx(1000.0 * frames[index].field_mt[2, 1], abs=0.01)


def test_a_frame_of_a_take_that_came_late_moves_no_other() -> None:
    take = made_up(1.0)
    frames = [n for n, event in enumerate(take.events) if event.address == "/frame"]
    late = [replace(event, time_s=take.events[frames[60]].time_s) for event in take.events[frames[50] :][:5]]
    there = frames[60]
    world = field_world(Take({}, (*take.events[:there], *late, *take.events[there:]), None))
    plain = field_world(take)
    for at in range(100_000_000, 900_000_000, 50_000_000):
        assert world.axis_ut(2, 1, at) == plain.axis_ut(2, 1, at)


def test_knobs_scenes_and_mutes_are_cues() -> None:
    found = cues(made_up(0.1), ("one", "two"), frozenset({"entanglement"}))
    assert [(cue.time_s, cue.address, cue.arguments) for cue in found] == [
        (1.0, "/knob/entanglement", (0.75,)),
        (2.0, "/mute", (1,)),
        (3.0, "/scene", ("two",)),
        (3.0, "/mute", (0,)),
    ]


def test_as_heard_it_is_the_latents_through_the_voice(tmp_path: Path) -> None:
    take = made_up(4.0)
    sounds = []
    for _ in range(2):
        heard = Heard(take, {"": load_voice(str(tiny_onnx(tmp_path)), tmp_path)})
        sounds.append(np.concatenate(list(heard.blocks())))
    np.testing.assert_array_equal(*sounds)
    sound = sounds[0][:, 0]
    assert heard.taken == len(list(latents(take)))
    assert np.abs(sound[: 2 * RATE]).max() > 0.2
    assert np.abs(sound[round(2.1 * RATE) : round(2.9 * RATE)]).max() == 0.0  # muted from 2 to 3 s
    assert np.abs(sound[round(3.1 * RATE) : 4 * RATE]).max() > 0.2


def test_a_voice_of_another_latent_count_is_refused_in_words(tmp_path: Path) -> None:
    voice = load_voice(str(tiny_onnx(tmp_path, latents=3)), tmp_path)
    with pytest.raises(TakeError, match=r"wanted 3 latents.*got 2 in the take.*--mapping"):
        Heard(made_up(0.5), {"": voice})


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> list[Summary]:
    folder = tmp_path_factory.mktemp("render")
    calibration = folder / "board.calibration.json"
    calibrate_simulated(calibration, seed=2)
    scenes = tuple(
        SceneSettings(name, "glass", mapping, str(calibration))
        for name, mapping in (("one", "rotate"), ("two", "rings"))
    )
    take = made_up(4.0)
    return [perform_take(take, scenes, Path(), folder / name) for name in "ab"]


def test_from_the_field_it_is_the_same_to_the_bit_and_faster_than_real_time(rendered: list[Summary]) -> None:
    first, second = (summary.files["sound"].read_bytes() for summary in rendered)
    assert first == second
    assert rendered[0].underruns == 0
    assert rendered[0].peak > 0.01


def test_the_board_feels_the_field_of_the_take_and_its_knobs_turn(rendered: list[Summary]) -> None:
    world = field_world(made_up(4.0))
    differences, turned, asked = [], [], []
    for line in rendered[0].files["osc log"].read_text().splitlines():
        time_s, way, address, *values = line.split()
        if way == "in" and address.startswith("/knob/"):
            turned.append((address, float(values[0])))
        if way == "in" and address == "/scene":
            asked.append((round(float(time_s)), values[0]))
        if way == "out" and address == "/field" and values[0] == "2" and 0.5 < float(time_s) < 3.5:
            # The packet leaves after the conversion: within 10 ms before it the field was as told.
            spans = [world.axis_ut(1, 1, round((float(time_s) - k * 1e-3) * 1e9)) for k in range(11)]
            told = 1000.0 * float(values[2])
            differences.append(max(min(spans) - told, told - max(spans), 0.0))
    assert turned == [("/knob/entanglement", 0.75)]
    assert asked == [(3, "two")]
    assert len(differences) > 500
    assert max(differences) < 5.0  # µT, of some thousand


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "closed terminal"])
def test_a_living_board_is_recorded_until_the_end_and_rendered(tmp_path: Path, end: signal.Signals) -> None:
    port = free_port()
    made = image(
        tmp_path, scene(tmp_path / "p", "one"), osc_port=port, osc_targets=(("127.0.0.1", free_port()),)
    )
    path = tmp_path / "evening.take"
    command = [*LODESTONE, "record", str(path), "--board", "127.0.0.1", "--port", str(port)]
    with (
        LiveInstrument(made, RATE, LiveWorld(three_marbles()), port=port) as live,
        subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hears_ctrl_c) as recording,
    ):
        assert recording.stderr is not None
        while "Recording" not in recording.stderr.readline():
            assert recording.poll() is None
        for step in range(20):
            live.world.move(1, -65.0 + 6.0 * step, 0.0)
            time.sleep(0.1)  # the board lives on the machine's clock
        recording.send_signal(end)
        _, said = recording.communicate(timeout=60)
        assert recording.returncode == 0, said
    take = read_take(path)
    assert take.damage is None
    addresses = {event.address for event in take.events}
    assert {"/field", "/frame", "/touch", "/latent", "/status", "/model", "/knobs", "/scenes"} <= addresses
    assert np.ptp([z for _, z in latents(take)], axis=0).max() > 0.1
    voice = tiny_onnx(tmp_path)
    command = [
        *LODESTONE,
        "render",
        str(path),
        "--voice",
        str(voice),
        "--folder",
        str(tmp_path / "r"),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    came = json.loads(done.stdout)
    assert came["wall_seconds"] < came["seconds"]
    sound, rate = soundfile.read(came["sound"])
    assert rate == RATE
    assert len(sound) == pytest.approx(came["seconds"] * RATE, abs=128)
    assert np.abs(sound).max() > 0.1
