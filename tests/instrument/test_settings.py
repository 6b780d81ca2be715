"""instrument.toml and the image folder that is made of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lodestone.image import ROOT, ImageError, bela_settings, board_conf, build_image
from lodestone.settings import Settings, SettingsError, default_toml, load_settings, parse_settings

from .tiny import Files, image, scene

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
        (HEAD + "[audio]\nperiod = 3", "16 to 1024"),
        (HEAD + "[audio]\nperiod = true", "16 to 1024"),
        (HEAD + 'board = "arduino"', "one of bela"),
        (HEAD + 'bus = "usb"', "i2c:/dev/i2c-N"),
        (HEAD + '[osc]\ntargets = ["host:7563"]', "numeric IPv4"),
        (HEAD + '[osc]\ntargets = ["10.0.0.1"]', "address:port"),
        (HEAD + '[osc]\nallow = ["everybody"]', "numeric IPv4"),
        (HEAD + '[osc]\nstreams = ["sound"]', "mag, field, touch, latent"),
        (HEAD + "[[sensor]]\naddress = 12", "four sensors"),
        (HEAD + "[[sensor]]\naddress = 1200", "settings of a sensor"),
        (HEAD + "[[sensor]]\ncolour = 1", "settings of a sensor"),
        (HEAD + '[[scene]]\nname = "a"', "name, voice, mapping"),
        (HEAD + '[[scene]]\nname = "a b"\nvoice = "v"', "letters, digits"),
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
    "sensor = mlx90393": "a chip and its address",
    "sensor = mlx90393 0x0C gain=9": "gain, res, osr",
    "sensor = compass 0x0C": "the chip",
    "osc_target = here:1": "address:port",
    "scene = a /etc/passwd v": "below the image",
    "scene = a ../t v": "below the image",
    "prefill = -1": "0 to 16384",
    "colour = red": "a known key",
    "bus = usb": "i2c:/dev/i2c-N",
    "just words": "a known key",
}


@pytest.mark.parametrize("line", sorted(WRONG_CONF))
def test_a_wrong_board_conf_is_told_in_the_status_and_never_stops_the_board(
    tmp_path: Path, line: str
) -> None:
    from pythonosc.osc_message import OscMessage

    from .tiny import play

    made = image(tmp_path)
    conf = (
        "\n".join(
            c for c in board_conf(["one"], Settings()).splitlines() if "sensor = mlx90393 0x0f" not in c
        )
        + "\n"
    )
    (made / "board.conf").write_text(conf + line + "\n")
    run = play(tmp_path / "run", made, seconds=0.1)
    statuses = [OscMessage(d) for _, d in run.outside.datagrams if d.startswith(b"/status")]
    assert WRONG_CONF[line] in statuses[0].params[16]
    assert statuses[0].params[3] == "one"


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
