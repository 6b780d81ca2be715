"""instrument.toml and the image folder that is made of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pythonosc.osc_message import OscMessage

from lodestone.image import ROOT, ImageError, bela_settings, board_conf, build_image
from lodestone.settings import Settings, SettingsError, default_toml, load_settings, parse_settings
from tests.support.tiny import Files, Run, image, play, scene, with_sister

HEAD = 'format = "lodestone-instrument"\nversion = 1\n'


def test_the_file_of_init_is_the_default_with_one_scene() -> None:
    settings = parse_settings(default_toml())
    assert [scene.name for scene in settings.scenes] == ["first"]
    assert settings == Settings(scenes=settings.scenes)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "format and version"),
        (HEAD + "period = 3", "period"),
        (HEAD + "[audio]\nperiod = 3", "8 to 1024"),
        (HEAD + "[audio]\nperiod = true", "8 to 1024"),
        (HEAD + 'board = "arduino"', "one of bela"),
        (HEAD + 'bus = "usb"', "i2c:/dev/i2c-N"),
        (HEAD + '[osc]\ntargets = ["host:7563"]', "numeric IPv4"),
        (HEAD + '[osc]\ntargets = ["10.0.0.1"]', "address:port"),
        (HEAD + '[osc]\nallow = ["everybody"]', "numeric IPv4"),
        (HEAD + '[osc]\nstreams = ["sound"]', "mag, field, touch, latent"),
        (HEAD + "[[sensor]]\naddress = 12", "four sensors"),
        (HEAD + "[[sensor]]\naddress = 1200", "0x08 to 0x7B for address of sensor 1 .* got 1200"),
        (
            HEAD + "[[sensor]]\ncolour = 1",
            "a setting of a mlx90393 .* got 'colour': there are gain_sel",
        ),
        (HEAD + "[[sensor]]\ngain = 1", "got 'gain': did you mean gain_sel"),
        (HEAD + "[[sensor]]\ngain_sel = 8", "0 to 7 for gain_sel of sensor 1 .* got 8"),
        (HEAD + "[[sensor]]\nresolution = [2, 2]", "3 numbers of 0 to 3 for resolution"),
        (HEAD + "[[sensor]]\nfilter = nan", "0 to 7 for filter"),
        (HEAD + '[[sensor]]\nchip = "compass"', r"a chip that has a driver \(mlx90393, tmag5273\)"),
        (
            HEAD + "[[sensor]]\naddress = 12\n" * 4,
            "got 0x0C for sensor 1 and sensor 2",
        ),
        (HEAD + "[[sensor]]\naddress = 12\n" * 5, "four sensors .* got '5 of them'"),
        (HEAD + "port = 7564", "got 'port': did you mean osc.port"),
        (HEAD + "[audio]\nprefil = 3", "got 'audio.prefil': did you mean audio.prefill"),
        (HEAD + 'board = "bela-jem"', 'did you mean "bela-gem"'),
        (HEAD + f"[osc]\ntargets = {['10.0.0.1:7563'] * 9}", "at most 8 of address:port"),
        (HEAD + f"[osc]\nallow = {['10.0.0.1'] * 9}", "at most 8 numeric"),
        (HEAD + '[osc]\nstreams = ["mag", "mag"]', "some of mag"),
        (HEAD + 'bus = "sim:/a\\nallow = 1.2.3.4"', "for bus"),
        (HEAD + 'bus = "sim:/a#b"', "for bus"),
        (HEAD + f'bus = "sim:/{"x" * 100}"', "for bus"),
        (HEAD + "frame_rate = nan", "10 to 1000 for frame_rate"),
        (HEAD + f"frame_rate = {10**50}", "got a number of many digits"),
        (HEAD + "[audio]\nvoice_threads = 2", r"1 for a bela \(more on a bela-gem\) for audio.voice_threads"),
        (HEAD + f'[[scene]]\nname = "{"n" * 64}"\nvoice = "v"', "at most 63"),
        (HEAD + '[[scene]]\nname = "a"\nvoice = "v"\n' * 2, "'a twice'"),
        (HEAD + '[[scene]]\nname = "a"\nvoise = "v"', "did you mean voice"),
        (HEAD + '[[scene]]\nname = "a"\nvoice = "v"\nmorf = 2', "did you mean morph"),
        (HEAD + '[[scene]]\nname = "a"\nvoice = "v"\nmorph = 31', "a number from 0 to 30 for scene.morph"),
        (HEAD + '[[scene]]\nname = "a"\nvoice = "v"\nmorph = true', "a number from 0 to 30 for scene.morph"),
        (HEAD + "x = " + "[" * 5000, "brackets in brackets"),
        (HEAD + "x = 1" + "0" * 5000, "TOML"),
        (HEAD + '[[scene]]\nname = "a"', "name, voice, mapping"),
        (HEAD + '[[scene]]\nname = "a b"\nvoice = "v"', "letters, digits"),
        (
            HEAD + '[[scene]]\nname = "a"\nvoice = "v"\nsmall = 3',
            "without control characters for scene.small",
        ),
        (HEAD + "osc = 3", "a table"),
        ("= 3", "TOML"),
    ],
)
def test_wrong_lines_are_named(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        parse_settings(text)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--init"):
        load_settings(tmp_path / "none.toml")


def test_the_manifest_is_what_sha256sum_checks(tmp_path: Path) -> None:
    made = image(tmp_path)
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "MANIFEST"], cwd=made, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == sum(p.is_file() for p in made.rglob("*")) - 1
    assert json.loads((made / "settings.json").read_text())["CLArgs"]["-p"] == "16"


def test_an_image_is_replaced_and_other_folders_are_left_alone(tmp_path: Path) -> None:
    image(tmp_path, scene(tmp_path / "p", "a"))
    made = image(tmp_path, scene(tmp_path / "p", "b"))
    assert sorted(p.name for p in (made / "plans").iterdir()) == ["b.touch.plan", "b.voice.plan"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["image", "p"]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.png").write_bytes(b"")
    with pytest.raises(ImageError, match="another folder"):
        build_image(tmp_path / "photos", [scene(tmp_path / "p", "b")])


def test_impossible_scenes_are_refused(tmp_path: Path) -> None:
    good = scene(tmp_path / "p", "a")
    with pytest.raises(ImageError, match="at least one"):
        build_image(tmp_path / "i", [])
    with pytest.raises(ImageError, match="different names"):
        build_image(tmp_path / "i", [good, good])
    with pytest.raises(ImageError, match="no such file"):
        build_image(tmp_path / "i", [Files("b", good.touch_plan, tmp_path / "none")])


WRONG_CONF = {
    "sensor = mlx90393": "wanted for sensor a chip and its address",
    "sensor = mlx90393 0x0C gain_sel=9": "wanted for gain_sel 0 to 7",
    "sensor = mlx90393 0x0C gain=3": "axes, identity, gain_sel, resolution",
    "sensor = compass 0x0C": "the chip",
    "osc_target = here:1": "address:port",
    "morph = nobody 1000": "the name of a scene above, and 0 to 30000 milliseconds",
    "morph = one 30001": "the name of a scene above, and 0 to 30000 milliseconds",
    "scene = a /etc/passwd v": "below the image",
    "scene = a ../t v": "below the image",
    "scene = a t v v v v v": "one to four voice plans",
    "scene = a t+t v": "a name, a touch plan",
    "scene = a t v+": "one to four voice plans",
    "scene = a t v+v+v+v": "up to three stages",
    "prefill = -1": "a whole number from 0 to 16384",
    "crossfade_ms = soon": "a whole number from 10 to 10000",
    "swap = cut": "one of crossfade, fade",
    "colour = red": "a known key",
    "bus = usb": "i2c:/dev/i2c-N",
    "just words": "a known key",
}


def told(made: Path, folder: Path, *options: str, seconds: float = 0.1) -> list[list[Any]]:
    """The arguments of every status of a run."""
    run = play(folder, made, *options, seconds=seconds)
    return [list(OscMessage(data).params) for _, data in run.outside.datagrams if data.startswith(b"/status")]


@pytest.mark.parametrize("line", sorted(WRONG_CONF))
def test_a_wrong_board_conf_is_told_by_line_and_the_rest_is_taken(tmp_path: Path, line: str) -> None:
    made = image(tmp_path)
    head, *lines = board_conf(["one"], Settings()).splitlines()
    lines.remove(next(c for c in lines if "sensor = mlx90393 0x0f" in c))
    # The wrong line comes before everything else: a sensor's in the place of the first.
    (made / "board.conf").write_text("\n".join([head, line, *lines]) + "\n")
    statuses = told(made, tmp_path / "run", "--log", str(tmp_path / "log"))
    assert WRONG_CONF[line] in statuses[0][16]
    assert statuses[0][16].startswith("board.conf line 2: wanted ")
    assert statuses[0][3] == "one"
    assert statuses[0][2] == (1 if line.startswith("scene") else 0)
    assert WRONG_CONF[line] in (tmp_path / "log").read_text()


def test_a_wrong_sensor_line_leaves_the_other_attractors_in_their_places(tmp_path: Path) -> None:
    made = image(tmp_path)
    conf = (made / "board.conf").read_text()
    assert conf.count("sensor = mlx90393 0x0c") == 1
    (made / "board.conf").write_text(conf.replace("sensor = mlx90393 0x0c", "sensor = mlx90393 0xee"))
    right = play(tmp_path / "right", image(tmp_path / "other"), seconds=1.0)
    run = play(tmp_path / "run", made, seconds=1.0)

    def sensors(of: Run) -> set[int]:
        fields = [OscMessage(d).params for _, d in of.outside.datagrams if d.startswith(b"/field")]
        return {int(p[0]) for p in fields if any(p[1:])}

    assert sensors(run) == sensors(right) == {1, 2, 3, 4}


def test_several_wrong_lines_are_counted_and_a_refused_scene_says_why(tmp_path: Path) -> None:
    made = image(tmp_path, scene(tmp_path / "p", "one"), scene(tmp_path / "p", "two"))
    conf = (made / "board.conf").read_text().replace("scene = one", "scene = one /tmp")
    (made / "board.conf").write_text(conf + "prefill = lots\nhue = 7\n")
    statuses = told(made, tmp_path / "run")
    assert statuses[0][2:4] == [1, "two"]  # the safe scene, under its own number
    number = next(i for i, line in enumerate(conf.splitlines(), 1) if line.startswith("scene = one"))
    assert f"board.conf line {number}: wanted for scene" in statuses[0][16]
    assert "(and 2 more)" in statuses[0][16]


@pytest.mark.parametrize("head", ["format = lodestone-board 2", "prefill = 512", ""])
def test_nothing_is_taken_of_another_format(tmp_path: Path, head: str) -> None:
    made = image(tmp_path)
    rest = (made / "board.conf").read_text().split("\n", 1)[1]
    (made / "board.conf").write_text(f"{head}\n{rest}" if head else "")
    statuses = told(made, tmp_path / "run")
    assert statuses[0][2] == -1
    assert "format" in statuses[0][16]
    assert "lodestone-board 1" in statuses[0][16]
    assert "no scene to play" in statuses[0][16]


def test_a_scene_may_have_cheaper_voices(tmp_path: Path) -> None:
    made = image(tmp_path, with_sister(scene(tmp_path / "p", "a"), hop=1024), scene(tmp_path / "p", "b"))
    lines = [line for line in (made / "board.conf").read_text().splitlines() if line.startswith("scene")]
    assert lines == [
        "scene = a plans/a.touch.plan plans/a.voice.plan plans/a.voice1.plan",
        "scene = b plans/b.touch.plan plans/b.voice.plan",
    ]
    assert (made / "plans" / "a.voice1.plan").is_file()
    assert told(made, tmp_path / "run")[0][16] == ""


def test_build_init_and_its_refusal(tmp_path: Path) -> None:
    def build() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "lodestone", "build", "--init", str(tmp_path / "instrument.toml")]
        return subprocess.run(command, capture_output=True, text=True)

    assert build().returncode == 0
    assert (tmp_path / "instrument.toml").read_text() == default_toml()
    again = build()
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)


def test_the_project_folder_has_the_settings_of_a_default_image() -> None:
    kept = json.loads((ROOT / "bela_project" / "settings.json").read_text())
    assert kept == bela_settings(Settings())


def test_firmware_and_package_are_of_one_version() -> None:
    text = (ROOT / "firmware" / "instrument" / "version.h").read_text()
    project = (ROOT / "pyproject.toml").read_text()
    version = re.search(r'kVersion = "([^"]+)"', text)
    assert version is not None
    assert f'version = "{version[1]}"' in project
