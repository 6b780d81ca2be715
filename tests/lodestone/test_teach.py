"""`lodestone teach` against a living board: through a terminal, a script and OSC; sounds that come back."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import soundfile
from pythonosc.osc_message import OscMessage
from typer.testing import CliRunner

import calibration
from graphs.card import read_card
from lodestone.board import Board, encode
from lodestone.cli import build_app
from lodestone.live.instrument import LiveInstrument
from lodestone.live.prepare import leave_settings
from lodestone.scenes import make_scene
from lodestone.settings import SceneSettings, default_toml, load_settings
from lodestone.snapshot_link import SnapshotLink
from lodestone.sound_choice import MOST_SIGMA, Choice
from lodestone.teach_desk import TeachDesk, obeyed
from lodestone.teach_session import LIVE, _encoder, heard_now, open_desk
from lodestone.teaching import Lesson, Pair, TeachingError, load_taught
from mapping.arbitrariness import from_voice
from mapping.latent_statistics import latent_statistics
from model_export.corpus import read_mono
from model_export.encoder import Encoder
from sensors.simulation.live_world import LiveWorld, three_marbles
from tests.lodestone.test_live import free_port
from tests.support.plain_board import gaussian_card, plain_calibration
from tests.support.tiny import RATE, image
from tests.support.tiny_voice import random_weights, tiny_encoder, tiny_voice

Z = 4


@dataclass(frozen=True)
class Room:
    """A living board, and the folder of its player."""

    port: int
    folder: Path


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder, port = tmp_path_factory.mktemp("room"), free_port()
    onnx.save(tiny_voice(random_weights()), str(folder / "tiny.onnx"))
    calibration.save(plain_calibration(), folder / "mine.json")
    made = SceneSettings("one", "tiny.onnx", calibration="mine.json", precision="fp32")
    head = default_toml()
    text = f'{head[: head.index("[[scene]]")]}[[scene]]\nname = "one"\nvoice = "tiny.onnx"\n'
    (folder / "instrument.toml").write_text(f'{text}calibration = "mine.json"\nprecision = "fp32"\n')
    files = make_scene(made, folder / "plans", folder)
    target = ("127.0.0.1", free_port())
    board = image(folder, files, osc_port=port, osc_targets=(target,), scenes=(made,))  # type: ignore[arg-type]
    state = folder / "state"
    state.mkdir()
    with LiveInstrument(board, RATE, LiveWorld(three_marbles()), port=port, wav=None):
        yield Room(port, folder)


def move(room: Room, x: float) -> None:
    with Board("127.0.0.1", room.port, 5.0) as board:
        for _ in range(3):
            board.send("/sim/magnet", 1, x, 30.0, 0.0)
            list(board.hear(0.2))


def command(room: Room, *options: str) -> list[str]:
    start = [sys.executable, "-m", "lodestone", "teach", "--board", "127.0.0.1", "--port", str(room.port)]
    return [*start, "--settings", str(room.folder / "instrument.toml"), *options]


def test_a_script_teaches_and_the_sound_comes_back_at_its_gesture(room: Room, tmp_path: Path) -> None:
    file, script = tmp_path / "taught.json", tmp_path / "wishes"
    script.write_text("hold\nfreeze 2\nroll  # at random\nnudge 1 0.5\nkeep\nlist\nseed\n")
    move(room, -60.0)
    done = subprocess.run(
        command(room, "--file", str(file), "--script", str(script), "--seed", "5"),
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "kept as 1" in done.stdout
    assert "seed 5, 1 drawn" in done.stdout
    (pair,) = load_taught(file)["one"]
    now = heard_now("127.0.0.1", room.port, "one")
    assert np.subtract(now.touch, pair.touch) == pytest.approx(0.0, abs=0.02)
    statistics = latent_statistics(read_card(onnx.load(str(room.folder / "tiny.onnx"))))
    apart = from_voice(now.latent, statistics) - from_voice(pair.latent, statistics)
    assert np.abs(apart).max() < 0.1
    assert file.read_text().count("\n") > 20  # a number a line: it diffs well


def test_beside_a_board_that_lodestone_live_started(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `live` leaves in its folder says what plays: a voice out of a file, any mapping, any seed."""
    monkeypatch.chdir(tmp_path)
    made = SceneSettings(
        "one", os.path.relpath(room.folder / "tiny.onnx"), "wire+memory", "mine.json", seed=7
    )
    leave_settings(LIVE, [made])
    calibration.save(plain_calibration(), LIVE / "mine.json")
    desk = open_desk("127.0.0.1", room.port, Path("elsewhere.toml"), True, tmp_path / "t.json", 0)
    told = " ".join(line for wish in ("hold", "roll", "keep") for line in obeyed(desk, wish))
    assert "kept as 1" in told
    with Board("127.0.0.1", room.port) as board:
        assert board.model is not None
        assert board.model.touch == "wire+snapshots+memory-7"


def test_live_leaves_what_plays_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    LIVE.mkdir(parents=True)
    calibration.save(plain_calibration(), LIVE / "simulated-1.calibration.json")
    onnx.save(tiny_voice(random_weights()), "tiny.onnx")
    words = ["live", "--voice", "tiny.onnx", "--mapping", "wire", "--silent", "--seconds", "0.1"]
    done = CliRunner().invoke(build_app(), [*words, "--port", str(free_port()), "--target", "127.0.0.1:9"])
    assert done.exit_code == 0, done.output
    [scene] = load_settings(LIVE / "instrument.toml").scenes
    assert (scene.name, scene.mapping, scene.voice) == ("tiny", "wire", str(tmp_path / "tiny.onnx"))
    assert Path(scene.calibration).samefile(LIVE / "simulated-1.calibration.json")


def test_a_recording_of_the_player_s_becomes_the_sound(room: Room, tmp_path: Path) -> None:
    """By the encoder beside the voice; what is frozen stays, what is out of a hand's reach is drawn in."""
    desk = open_desk("127.0.0.1", room.port, room.folder / "instrument.toml", False, tmp_path / "t.json", 0)
    dice, hiss, hush = np.random.default_rng(1), tmp_path / "my hiss.wav", tmp_path / "hush.wav"
    soundfile.write(hiss, 0.1 * dice.standard_normal((48000, 2)), 48000)
    soundfile.write(hush, np.zeros(4410), 44100)
    obeyed(desk, "hold")
    assert "got one without: export it with --encoder" in obeyed(desk, f"encode '{hiss}'")[-1]
    kept = room.folder / "tiny.encoder.onnx"
    for latents, says in ((3, "an encoder of 4 latents, got one of 3"), (4, "sound: ")):
        _encoder.cache_clear()
        onnx.save(tiny_encoder(latents), str(kept))
        assert says in obeyed(desk, f"encode '{hiss}'")[-1]
    sound = read_mono(hiss, RATE, 9.0)
    wanted = np.clip(Encoder(tiny_encoder()).place(sound), -1.0, 1.0)  # the voice's outermost quantiles
    assert desk.held is not None
    assert desk.held.latent == pytest.approx(wanted, rel=1e-4)
    for words, says in (("none.wav", "a readable recording"), (hush, "got silence"), ("", "encode tap.wav 2"),
                        (f"'{hiss}' 7", "got second 7 of 1.0"), (f"'{hiss}' x", "a number")):  # fmt: skip
        wish = f"encode {words}"
        assert says in obeyed(desk, wish)[-1], wish
    before = desk.held.latent
    told = " ".join(
        line for wish in ("hold", "freeze 2", f"encode '{hiss}' 0.5", "keep") for line in obeyed(desk, wish)
    )
    assert "kept as 1" in told
    assert desk.lesson.pairs[0].latent[1] != before[1]
    kept.unlink()


def test_through_a_terminal(room: Room, tmp_path: Path) -> None:
    """With its prompt; a wrong wish is told, and the lesson goes on; what was only tried is gone."""
    file = tmp_path / "taught.json"
    ours, theirs = pty.openpty()
    running = subprocess.Popen(command(room, "--file", str(file)), stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = ""

    def until(words: str) -> None:
        nonlocal text
        end = time.monotonic() + 30.0
        while words not in text and time.monotonic() < end:
            text += os.read(ours, 4096).decode()
        assert words in text, text
        text = text[text.index(words) + len(words) :]

    for line, answer in (
        ("rol", "did you mean roll?"),
        ("roll", "none that is held"),
        ("hold", "held: sensor"),
        ("roll", "sound:"),
        ("nudge 9 1", "a latent of 1 to 4, got 9"),
    ):
        until("> ")
        os.write(ours, f"{line}\n".encode())
        until(answer)
    os.write(ours, b"quit\n")
    until("knows 0 gestures")
    assert running.wait(20) == 0
    os.close(ours)
    assert not file.exists()


def test_over_osc(room: Room, tmp_path: Path) -> None:
    desk = open_desk("127.0.0.1", room.port, room.folder / "instrument.toml", False, tmp_path / "t.json", 0)
    with SnapshotLink(desk, 0) as link, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as patch:
        patch.settimeout(20.0)

        def ask(address: str, *values: int | float | str) -> str:
            patch.sendto(encode(address, *values), ("127.0.0.1", link.port))
            return str(OscMessage(patch.recv(2048)).params[0])

        patch.sendto(b"/snapshot/\xff\xfe\0\0\0,\0\0\0", ("127.0.0.1", link.port))  # it goes on after damage
        assert "sensor" in ask("/snapshot/hold")
        assert "knows 1 gestures" in ask("/snapshot/roll")
        assert "sound" in str(OscMessage(patch.recv(2048)).params[0])
        assert "within their ranges" in ask("/snapshot/range", 1, 99.0)
        assert "within their ranges" in ask("/snapshot/range", 1, float("nan"))
        assert "wanted a message of /snapshot/" in ask("/snapshot/dance")
        assert "wanted s latent" in ask("/snapshot/nudge", "a b", 1.0).replace("is latent", "s latent")
        assert "knows 0 gestures" in ask("/snapshot/undo")


def lesson(folder: Path, sent: list[int]) -> Lesson:
    def bring(scene: str, pairs: object) -> Iterator[str]:
        sent.append(len(pairs))  # type: ignore[arg-type]
        yield f"{scene} {len(pairs)}"  # type: ignore[arg-type]

    return Lesson(folder / "taught.json", "one", bring)


def desk_of(folder: Path, sent: list[int], seed: int = 0) -> TeachDesk:
    statistics = latent_statistics(gaussian_card(Z))
    places = iter([Pair(tuple(np.eye(12)[n % 12]), (0.1 * n,) * Z) for n in range(99)])
    return TeachDesk(lesson(folder, sent), Choice(statistics, seed), lambda: next(places), lambda _: 1)


WISHES = ["hold", "roll", "keep", "hold", "freeze 2", "range 1 0.25", "roll", "keep", "hold", "reroll"]


def test_the_same_wishes_find_the_same_sounds(tmp_path: Path) -> None:
    files = []
    for number, seed in enumerate((3, 3, 4)):
        folder = tmp_path / str(number)
        folder.mkdir()
        desk = desk_of(folder, [], seed)
        for wish in WISHES:
            assert "wanted" not in " ".join(obeyed(desk, wish)), wish
        files.append((folder / "taught.json").read_bytes())
    assert files[0] == files[1] != files[2]


def test_frozen_reined_rerolled_forgotten_and_undone(tmp_path: Path) -> None:
    sent: list[int] = []
    desk = desk_of(tmp_path, sent)
    for wish in WISHES[:-1]:
        obeyed(desk, wish)
    first, second = desk.lesson.pairs
    assert second.latent[1] == pytest.approx(0.1)  # as it was held
    assert max(np.abs(first.latent).max(), np.abs(second.latent).max()) <= MOST_SIGMA
    obeyed(desk, "reroll")
    assert all(
        one.latent != other.latent for one, other in zip((first, second), desk.lesson.pairs, strict=True)
    )
    obeyed(desk, "undo")
    assert desk.lesson.pairs == (first, second) == load_taught(tmp_path / "taught.json")["one"]
    obeyed(desk, "forget 1")
    assert desk.lesson.pairs == (second,)
    assert sent[-1] == 1
    desk.held = Pair(second.touch, second.latent)
    assert "none" in obeyed(desk, "reroll")[0]  # only what is near
    for wish, says in (("forget 7", "1 to 1"), ("forget x", "a whole number"), ("nudge 2 1", "free 2"),
                       ("range 1 9", "0 to 2.5"), ("nudge 1 nan", "a number"), ("seed -1", "a seed of 0"),
                       ("keep it 7", "keep"), ('hold "', "close the quotes")):  # fmt: skip
        assert says in obeyed(desk, wish)[-1], wish
    assert desk.lesson.pairs == (second,)


def test_what_the_board_refuses_changes_nothing(tmp_path: Path) -> None:
    def refuse(scene: str, pairs: object) -> Iterator[str]:
        raise TeachingError("a board", "none", "look for it")

    stays = Lesson(tmp_path / "taught.json", "one", refuse)
    with pytest.raises(TeachingError, match="a board"):
        stays.keep(Pair((0.0,) * 12, (0.0,) * Z))
    assert stays.pairs == ()
    assert not (tmp_path / "taught.json").exists()
    with pytest.raises(TeachingError, match="to take back"):
        stays.undo()


def test_without_the_right_settings_it_says_so(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "instrument.toml").write_text(default_toml())
    with pytest.raises(TeachingError, match=r"the scene that plays in .* got 'one', there first"):
        open_desk("127.0.0.1", room.port, tmp_path / "instrument.toml", False, tmp_path / "t.json", 0)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TeachingError, match="no such file: start `lodestone live` in this folder"):
        open_desk("127.0.0.1", room.port, tmp_path / "instrument.toml", True, tmp_path / "t.json", 0)
