"""The player's settings: `instrument.toml`, checked on load. docs/settings.md explains every line.

The lines are rows of definitions/settings.toml and chips.toml: this reader knows none of them by name.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from definitions import settings as table
from definitions.settings import Setting, WrongValueError
from errors import LodestoneError
from files import plain_file, toml_of
from sensors import SensorError, SensorSettings, default_sensors
from sensors.settings import MOUNTING, check_sensors, nearest, shown

FORMAT = "lodestone-instrument"
VERSION = 1
SENSORS = 4
_SCENE = {row.key: row for row in table.scene_settings()}
PRECISIONS = _SCENE["precision"].choices
"""As `lodestone quantize` names them; the first is the fastest on every board."""
EXACT = "fp32"
STREAMS = table.setting("streams").choices
BOARDS = table.setting("board").choices
_ADVICE = "correct instrument.toml; docs/settings.md lists its lines"
_LARGEST_FILE = 1 << 20


class SettingsError(LodestoneError):
    """The settings cannot be used."""


@dataclass(frozen=True)
class SceneSettings:
    """One scene: a voice, how it is entangled, and the calibration below both.

    Attributes:
        name: letters, digits, dashes.
        voice: the name of a voice that ships, or a path to a `.ts` or `.onnx`.
        mapping: a family, and shapers behind it, joined by `+`.
        calibration: path of a calibration file.
        smoothing: of the touch: usual, or quick for strokes.
        small: a cheaper voice for the same latents, which plays when the board is too slow; empty: none.
        precision: of the voices on the board, one of PRECISIONS.
        seed: of the mapping's random choices.
        knobs: where knobs of the mapping stand when the scene begins, by name.
        morph: seconds of the way into it.
    """

    name: str
    voice: str
    mapping: str = _SCENE["mapping"].default
    calibration: str = _SCENE["calibration"].default
    smoothing: str = _SCENE["smoothing"].default
    small: str = _SCENE["small"].default
    precision: str = _SCENE["precision"].default
    seed: int = _SCENE["seed"].default
    knobs: Mapping[str, float] = field(default_factory=dict)
    morph: float = _SCENE["morph"].default


@dataclass(frozen=True, init=False)
class Settings:
    """Everything that an image needs besides its plans.

    Every row of definitions/settings.toml is an attribute of its name, and may be given by it.

    Attributes:
        sensors: four, in the order of the attractors.
        scenes: what `lodestone build` makes; the first one sounds at the first start.
        values: every setting of the table by its name, as `definitions.settings.Setting.taken` gives it.

    Raises:
        SettingsError: a setting that is unknown, or a value that its row does not take.

    Example:
        >>> Settings(crossfade_ms=500).crossfade_ms
        500
        >>> Settings().board
        'bela'
    """

    sensors: tuple[SensorSettings, ...]
    scenes: tuple[SceneSettings, ...]
    values: Mapping[str, Any] = field(hash=False)

    def __init__(
        self,
        sensors: Sequence[SensorSettings] | None = None,
        scenes: Sequence[SceneSettings] = (),
        values: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        taken = table.defaults()
        for name, value in {**(values or {}), **others}.items():
            if name not in taken:
                raise SettingsError("a setting that is known", shown(name), nearest(name, list(taken)))
            taken[name] = _taken(table.setting(name), name, value)
        object.__setattr__(self, "sensors", default_sensors() if sensors is None else tuple(sensors))
        object.__setattr__(self, "scenes", tuple(scenes))
        object.__setattr__(self, "values", taken)

    def but(self, **changed: Any) -> Settings:
        """The same with other values. Raises SettingsError."""
        whole = {"sensors": self.sensors, "scenes": self.scenes, **self.values}
        return Settings(**{**whole, **changed})

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(f"no setting {name}") from None


def _taken(row: Setting, where: str, value: object) -> Any:
    try:
        return row.taken(value)
    except WrongValueError as wrong:
        near = difflib.get_close_matches(value[:80], row.choices, n=1) if isinstance(value, str) else []
        advice = f'did you mean "{near[0]}"?' if near else _ADVICE
        raise SettingsError(f"{wrong} for {where}", shown(value), advice) from None


def default_toml() -> str:
    """The commented file that `lodestone build --init` writes."""
    return table.instrument_toml([sensor.address for sensor in default_sensors()])


def load_settings(path: Path) -> Settings:
    """Reads and checks an `instrument.toml`.

    Raises:
        SettingsError: missing, not TOML, or a line that is unknown or out of range; the message names it.
    """
    try:
        with plain_file(path).open("rb") as file:
            data = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError):
        raise SettingsError(
            f"the settings {path}", "no readable file", "make one with `lodestone build --init`"
        ) from None
    if len(data) > _LARGEST_FILE:
        raise SettingsError(f"settings of at most a megabyte in {path}", "more", "give an instrument.toml")
    try:
        return parse_settings(data.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        got = f"other bytes at {error.start}"
        raise SettingsError(f"UTF-8 text in {path}", got, "save it as UTF-8") from None


def parse_settings(text: str, name: str = "instrument.toml") -> Settings:
    """As `load_settings`, from the text of a file called `name`."""
    try:
        document = toml_of(text)
    except ValueError as error:
        raise SettingsError(f"TOML in {name}", str(error)[:200], "correct that line") from None
    return _Reader(name).settings(document)


class _Reader:
    """Takes values out of a parsed file; what is left over is an error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def refuse(self, where: str, wanted: str, got: object, do: str = _ADVICE) -> SettingsError:
        return SettingsError(f"{wanted} for {where} in {self.name}", shown(got), do)

    def settings(self, document: Mapping[str, Any]) -> Settings:
        left = dict(document)
        if left.pop("format", None) != FORMAT or not _is_whole(left.pop("version", None), VERSION):
            got = (document.get("format"), document.get("version"))
            raise self.refuse("format and version", f'"{FORMAT}" and {VERSION}', got)
        sensors = self.sensors(self.tables(left, "sensor"))
        scenes = self.scenes(self.tables(left, "scene"))
        tables = {name: self.table(left, name) for name in table.tables() if name}
        tables[""] = left
        values = {}
        for row in table.settings():
            if row.key in tables[row.table]:
                values[row.name] = self.value(row, row.at, tables[row.table].pop(row.key))
        for where, rest in tables.items():
            for key in rest:
                self.unknown(where, key)
        made = Settings(sensors=sensors, scenes=scenes, values=values)
        for row in table.settings():
            if row.boards and made.board not in row.boards and made.values[row.name] != row.default:
                wanted = f"{row.default} for a {made.board} (more on a {', '.join(row.boards)})"
                raise self.refuse(row.at, wanted, made.values[row.name])
        return made

    def unknown(self, where: str, key: str) -> None:
        """Raises: a line that no row knows, with the nearest right key, in the right table."""
        said = f"{where}.{key}" if where else key
        tables = [name for name in table.tables() if name]
        known = [row.at for row in table.settings()] + ["sensor", "scene", *tables]
        elsewhere = [at for at in known if at.rpartition(".")[2] == key]
        near = elsewhere or difflib.get_close_matches(said[:80], known, n=1, cutoff=0.5)
        do = f"did you mean {near[0]}?" if near else _ADVICE
        raise SettingsError(f"a line that is known in {self.name}", shown(said), do)

    def value(self, row: Setting, where: str, value: object) -> Any:
        return _taken(row, f"{where} in {self.name}", value)

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

    def sensors(self, items: list[dict[str, Any]]) -> tuple[SensorSettings, ...]:
        """Four sensors that the drivers take, at four addresses; the usual ones where none is told."""
        if not items:
            return default_sensors()
        made = tuple(self.sensor(number, item) for number, item in enumerate(items, 1))
        if len(made) != SENSORS:
            raise self.refuse("sensor", "four sensors", f"{len(made)} of them")
        for number, sensor in enumerate(made, 1):
            twin = next((n for n, other in enumerate(made, 1) if other.address == sensor.address), number)
            if twin != number:
                got = f"0x{sensor.address:02X} for sensor {twin} and sensor {number}"
                raise SettingsError(f"four different addresses in {self.name}", got, "set the address of one")
        try:
            check_sensors(made)
        except SensorError as error:
            raise SettingsError(f"{error.wanted} in {self.name}", error.got, error.do) from None
        return made

    def sensor(self, number: int, item: dict[str, Any]) -> SensorSettings:
        others = {key: value for key, value in item.items() if key not in MOUNTING}
        known = {key: item[key] for key in MOUNTING if key in item}
        if "values" in others or not isinstance(item.get("axes", []), list):
            raise self.refuse(f"sensor {number}", "axes as a list, and keys of its chip", item)
        try:
            made = SensorSettings(**known, values=others)
            made.to_firmware()
        except SensorError as error:
            where = f"sensor {number} in {self.name}"
            raise SettingsError(f"{error.wanted} of {where}", error.got, error.do) from None
        return made

    def scenes(self, items: list[dict[str, Any]]) -> tuple[SceneSettings, ...]:
        made = tuple(self.scene(item) for item in items)
        names = [scene.name for scene in made]
        for name in names:
            if names.count(name) > 1:
                raise self.refuse("scene", "scenes of different names", f"{name} twice")
        if len(made) > table.MOST_SCENES:
            raise self.refuse("scene", f"at most {table.MOST_SCENES} scenes", f"{len(made)} of them")
        return made

    def scene(self, item: dict[str, Any]) -> SceneSettings:
        for key in item:
            if key not in _SCENE:
                raise self.refuse("scene", ", ".join(_SCENE), key, nearest(key, list(_SCENE)))
        missing = [key for key, row in _SCENE.items() if row.default is None and key not in item]
        if missing:
            raise self.refuse("scene", f"{', '.join(_SCENE)}", f"no {missing[0]}")
        return SceneSettings(**{k: self.value(_SCENE[k], f"scene.{k}", v) for k, v in item.items()})


def _is_whole(value: object, wanted: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == wanted
