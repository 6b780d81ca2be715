"""The player's settings: `instrument.toml`, checked on load. docs/board.md explains every line."""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from errors import LodestoneError
from sensors import SensorSettings, default_sensors

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FORMAT = "lodestone-instrument"
VERSION = 1
BOARDS = ("bela", "bela-mini", "bela-gem")
STREAMS = ("mag", "field", "touch", "latent")
EXACT = "fp32"
PRECISIONS = ("w8a16", "w8", EXACT)
"""As `lodestone quantize` names them; the first is the fastest on every board."""
_ADVICE = "correct instrument.toml; docs/board.md lists its lines"


class SettingsError(LodestoneError):
    """The settings cannot be used."""


@dataclass(frozen=True)
class SceneSettings:
    """One scene: a voice, how it is entangled, and the calibration below both.

    Attributes:
        name: letters, digits, dashes.
        voice: the name of a voice that ships, or a path to a `.ts` or `.onnx`.
        mapping: name of a mapping family.
        calibration: path of a calibration file.
        small: a cheaper voice for the same latents, which plays when the board is too slow; empty: none.
        precision: of the voices on the board, one of PRECISIONS.
    """

    name: str
    voice: str
    mapping: str = "rotate"
    calibration: str = "lodestone.calibration.json"
    small: str = ""
    precision: str = PRECISIONS[0]


@dataclass(frozen=True)
class Settings:
    """Everything that an image needs besides its plans.

    Attributes:
        board: one of BOARDS.
        bus: `i2c:/dev/i2c-N`, or `sim:/path` for a simulated board.
        frame_rate: sensor frames a second.
        sensors: four, in the order of the attractors.
        osc_targets: (address, port) of whoever listens.
        osc_port: where the board listens.
        allow: addresses that may command the board, besides the USB link.
        streams: what is sent continuously, of STREAMS.
        period: audio frames a block.
        rate: sample rate in Hz.
        prefill: samples in the ring below which the next block of the voice is begun.
        voice_threads: cores that play a voice, in as many stages; each more than one adds a block of delay.
        crossfade_ms: between board and host.
        heartbeat_ms: of silence after which the host counts as gone; 0: never.
        swap: "crossfade" runs two voices while scenes change, "fade" one after the other.
        button_pin, led_pin: digital pins, -1 for none.
        scenes: what `lodestone build` makes; the first one sounds at the first start.
    """

    board: str = "bela"
    bus: str = "i2c:/dev/i2c-1"
    frame_rate: int = 200
    sensors: tuple[SensorSettings, ...] = default_sensors()
    osc_targets: tuple[tuple[str, int], ...] = (("192.168.7.1", 7563),)
    osc_port: int = 7564
    allow: tuple[str, ...] = ()
    streams: tuple[str, ...] = STREAMS
    period: int = 16
    rate: int = 44100
    prefill: int = 1024
    voice_threads: int = 1
    crossfade_ms: int = 300
    heartbeat_ms: int = 300
    swap: str = "crossfade"
    button_pin: int = -1
    led_pin: int = -1
    scenes: tuple[SceneSettings, ...] = ()


def default_toml() -> str:
    """The commented file that `lodestone build --init` writes."""
    return resources.files("lodestone").joinpath("instrument.toml").read_text(encoding="utf-8")


def load_settings(path: Path) -> Settings:
    """Reads and checks an `instrument.toml`.

    Raises:
        SettingsError: missing, not TOML, or a line that is unknown or out of range; the message names it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"the settings {path}", "no readable file", "make one with `lodestone build --init`"
        ) from None
    return parse_settings(text, str(path))


def parse_settings(text: str, name: str = "instrument.toml") -> Settings:
    """As `load_settings`, from the text of a file called `name`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"TOML in {name}", str(error), "correct that line") from None
    return _Reader(name).settings(document)


class _Reader:
    """Takes values out of a parsed file; what is left over is an error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, where: str, wanted: str, got: object) -> SettingsError:
        return SettingsError(f"{wanted} for {where} in {self.name}", repr(got), _ADVICE)

    def settings(self, document: Mapping[str, Any]) -> Settings:
        left = dict(document)
        if left.pop("format", None) != FORMAT or left.pop("version", None) != VERSION:
            raise self.refuse("format and version", f'"{FORMAT}" and {VERSION}', document.get("format"))
        osc, audio, modes, pins = (self.table(left, key) for key in ("osc", "audio", "modes", "pins"))
        sensors = tuple(self.sensor(item) for item in self.tables(left, "sensor")) or default_sensors()
        if len(sensors) != 4:
            raise self.refuse("sensor", "four sensors", f"{len(sensors)} of them")
        made = Settings(
            board=self.choice(left, "board", BOARDS, "bela"),
            bus=self.bus(left.pop("bus", "i2c:/dev/i2c-1")),
            frame_rate=self.whole(left, "frame_rate", 10, 1000, 200),
            sensors=sensors,
            osc_targets=tuple(self.target(t) for t in osc.pop("targets", ["192.168.7.1:7563"])),
            osc_port=self.whole(osc, "port", 1, 65535, 7564),
            allow=tuple(self.address("allow", a) for a in osc.pop("allow", [])),
            streams=self.streams(osc.pop("streams", list(STREAMS))),
            period=self.whole(audio, "period", 16, 1024, 16),
            rate=self.whole(audio, "rate", 8000, 96000, 44100),
            prefill=self.whole(audio, "prefill", 0, 16384, 1024),
            voice_threads=self.whole(audio, "voice_threads", 1, 3, 1),
            crossfade_ms=self.whole(modes, "crossfade_ms", 10, 10000, 300),
            heartbeat_ms=self.whole(modes, "heartbeat_ms", 0, 60000, 300),
            swap=self.choice(modes, "swap", ("crossfade", "fade"), "crossfade"),
            button_pin=self.whole(pins, "button", -1, 15, -1),
            led_pin=self.whole(pins, "led", -1, 15, -1),
            scenes=tuple(self.scene(item) for item in self.tables(left, "scene")),
        )
        if made.voice_threads > 1 and made.board != "bela-gem":
            raise self.refuse(
                "audio.voice_threads", f"1, for a {made.board} has one core,", made.voice_threads
            )
        for where, rest in (("", left), ("osc.", osc), ("audio.", audio), ("modes.", modes), ("pins.", pins)):
            for key in rest:
                raise self.refuse(where + key, "a line that is known", rest[key])
        return made

    def table(self, left: dict[str, Any], key: str) -> dict[str, Any]:
        value = left.pop(key, {})
        if not isinstance(value, dict):
            raise self.refuse(key, "a table", value)
        return dict(value)

    def tables(self, left: dict[str, Any], key: str) -> list[dict[str, Any]]:
        value = left.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.refuse(key, f"[[{key}]] tables", value)
        return [dict(item) for item in value]

    def whole(self, left: dict[str, Any], key: str, least: int, most: int, default: int) -> int:
        value = left.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.refuse(key, f"a whole number from {least} to {most}", value)
        return value

    def choice(self, left: dict[str, Any], key: str, choices: tuple[str, ...], default: str) -> str:
        value = left.pop(key, default)
        if value not in choices:
            raise self.refuse(key, "one of " + ", ".join(choices), value)
        return str(value)

    def bus(self, value: object) -> str:
        if not isinstance(value, str) or not value.startswith(("i2c:/dev/i2c-", "sim:/")):
            raise self.refuse("bus", "i2c:/dev/i2c-N or sim:/path", value)
        return value

    def address(self, where: str, value: object) -> str:
        try:
            return str(ipaddress.IPv4Address(value))
        except ValueError:
            raise self.refuse(where, "a numeric IPv4 address", value) from None

    def target(self, value: object) -> tuple[str, int]:
        address, _, port = str(value).partition(":")
        if not port.isdigit() or not 1 <= int(port) <= 65535:
            raise self.refuse("osc.targets", "address:port", value)
        return self.address("osc.targets", address), int(port)

    def streams(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not set(value) <= set(STREAMS):
            raise self.refuse("osc.streams", "some of " + ", ".join(STREAMS), value)
        return tuple(str(v) for v in value)

    def sensor(self, item: dict[str, Any]) -> SensorSettings:
        try:
            fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in item.items()}
            sensor = SensorSettings(**fields)
            sensor.to_firmware()
        except (TypeError, LodestoneError):
            raise self.refuse("sensor", "settings of a sensor", item) from None
        return sensor

    def scene(self, item: dict[str, Any]) -> SceneSettings:
        try:
            scene = SceneSettings(**item)
        except TypeError:
            raise self.refuse(
                "scene", "name, voice, mapping, calibration, small and precision", item
            ) from None
        values = (scene.name, scene.voice, scene.mapping, scene.calibration)
        texts = all(isinstance(v, str) and v for v in values) and isinstance(scene.small, str)
        if not texts or not scene.name.replace("-", "").isalnum():
            raise self.refuse("scene", "a name of letters, digits and dashes, and texts", item)
        if scene.precision not in PRECISIONS:
            raise self.refuse("scene", f"a precision of {', '.join(PRECISIONS)}", scene.precision)
        return scene
