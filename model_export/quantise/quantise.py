"""Voices with 8-bit weights, written as standard QDQ ONNX, which ONNX Runtime and the engine both play.

`w8`: weights in 8 bits per output channel, arithmetic in floats. `w8a16`: besides, every quantised
convolution hears its input in 16 bits; the arithmetic in which a Cortex-A8 is fastest. `w8a8`: in 8 bits,
the fastest where the processor multiplies bytes (AVX-512 VNNI). The layers that matter most are kept wider,
as far as the file size allows, until the wanted signal-to-noise ratio holds (search.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from graphs.card import KEY, attach_card, read_card
from graphs.player import GraphPlayer
from graphs.tolerance import QUANTISED
from model_export.errors import ExportError
from model_export.quantise import integers
from model_export.quantise.compact import compact
from model_export.quantise.heard_inputs import Arrays, Heard, latent_walk, listen
from model_export.quantise.rounding import best_scale, compensated
from model_export.quantise.search import LADDERS, Choice, Layer, choose
from model_export.verify import make_reference

MODES = tuple(LADDERS)
TARGETS_DB = {"w8": 45.0, "w8a16": 45.0, "w8a8": 36.0}
CALIBRATION_FRAMES, SEARCH_FRAMES, LAYER_FRAMES, SETTLING_FRAMES = 96, 168, 32, 8
TEST_FRAMES, PASSAGES = 48, 4  # the search heeds the worst of its passages, each as long as the test
SIZE_SHARE = 0.28  # of the exact file
LEAST_ROOM = 0.005  # of it: enough for a filter bank, where a small voice's card and nodes leave none
CARD_BYTES, CARD_BYTES_OF_LAYER = 2000, 70  # what the report adds to a card, with room to spare
FEWEST_WEIGHTS = 64
MARGIN_DB = 1.0  # other latents than those of the search can sound worse by as much
SEARCH_ROUNDS = 3  # the errors of layers do not add up exactly: what is missing is asked for again


@dataclass(frozen=True)
class LayerReport:
    """Bits of one layer's weights and input (32: floats), and the error power that it makes alone, in dB
    against the sound.
    """

    weight_bits: int
    input_bits: int
    error_db: float


@dataclass(frozen=True)
class Report:
    """How near the quantised voice is to the exact one, on latents that neither calibrated nor searched.

    Attributes:
        snr_db: power of the sound against power of the difference.
        log_spectral_distance_db: root mean square difference of log spectra (1024 samples, Hann).
        size_share: bytes of the quantised file against the exact one, cards included.
        layers: by output name.
    """

    mode: str
    snr_db: float
    log_spectral_distance_db: float
    size_share: float
    layers: dict[str, LayerReport]


@dataclass(frozen=True)
class Quantised:
    """The voice and what it costs."""

    model: onnx.ModelProto
    report: Report
    exact: npt.NDArray[np.float32]
    played: npt.NDArray[np.float32]


def quantise(
    model: onnx.ModelProto,
    mode: str = "w8a16",
    target_db: float | None = None,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Quantised:
    """A voice with 8-bit weights.

    Args:
        model: an exported voice in fp32, with its card.
        mode: one of MODES.
        target_db: signal-to-noise ratio up to which layers are kept wider, as far as the size allows; of the
            mode when not given.
        seed: of the latents that calibrate, search and test.

    Raises:
        ExportError: for another mode, a graph that is no voice, or one that has nothing to quantise.
    """
    if mode not in MODES:
        raise ExportError(f"one of {', '.join(MODES)}", f"'{mode}'", "choose one of these")
    target = TARGETS_DB[mode] if target_db is None else target_db
    convolutions = integers.quantisable(model, FEWEST_WEIGHTS)
    if not convolutions:
        raise ExportError("convolutions to quantise", "none", "quantise an exported fp32 voice")
    progress("listening to the exact voice")
    heard = listen(model, convolutions, latent_walk(model, CALIBRATION_FRAMES, seed))
    narrow, wide = (_rounded(model, convolutions, heard, levels) for levels in (127, 32767))
    forms = _Forms(integers.modern(model), heard, narrow, wide)
    progress("measuring every layer's error")
    made, layers, chosen = _search(model, forms, mode, target, seed + 1)
    compact(made)
    onnx.checker.check_model(made)
    feeds = latent_walk(model, TEST_FRAMES, seed + 2)
    exact, played = _play(model, feeds), _play(made, feeds)
    signal, noise = float(np.mean(exact**2)), _noise(exact, played)
    told = {k: LayerReport(*chosen[k], _decibels(layer.errors[chosen[k]])) for k, layer in layers.items()}
    report = Report(mode, _decibels(signal / noise), _spectral_distance(exact, played), SIZE_SHARE, told)
    _write_card(made, report)
    report = replace(report, size_share=round(made.ByteSize() / model.ByteSize(), 4))
    _write_report(made, report)
    return Quantised(made, report, exact, played)


@dataclass(frozen=True)
class _Forms:
    """Every quantisable layer in both widths of weights, and what it hears."""

    exact: onnx.ModelProto
    heard: dict[str, Heard]
    narrow: dict[str, integers.IntegerWeights]
    wide: dict[str, integers.IntegerWeights]

    def model(self, chosen: dict[str, Choice]) -> onnx.ModelProto:
        """The voice with these layers quantised."""
        weights = {k: (self.narrow if c.weights == 8 else self.wide)[k] for k, c in chosen.items()}
        sort = {8: integers.as_bytes, 16: integers.as_words}
        ranges = {k: (self.heard[k].lowest, self.heard[k].highest) for k in chosen}
        inputs = {k: sort[c.input](*ranges[k]) for k, c in chosen.items() if c.input in sort}
        return integers.quantised(self.exact, weights, inputs)


def _search(
    model: onnx.ModelProto, forms: _Forms, mode: str, target_db: float, seed: int
) -> tuple[onnx.ModelProto, dict[str, Layer], dict[str, Choice]]:
    """The narrowest voice that reaches the target, or comes as near as the size allows."""
    feeds = latent_walk(model, SEARCH_FRAMES, seed)
    exact = _play(model, feeds)

    def error(key: str, choice: Choice) -> float:
        """Power against the sound's when this layer alone is quantised so."""
        if choice.weights == 16:
            return 0.0  # some 90 dB below the sound
        played = _play(forms.model({key: choice}), feeds[:LAYER_FRAMES])
        heard = exact[..., : played.shape[-1]]
        return _noise(heard, played) / float(np.mean(heard**2))

    layers = {
        key: Layer(w.steps.size, forms.heard[key].rows, {c: error(key, c) for c in LADDERS[mode]})
        for key, w in forms.narrow.items()
    }
    room, asked = _room(model, forms), target_db
    for _ in range(SEARCH_ROUNDS):
        chosen = choose(layers, mode, 10 ** (-asked / 10), room)
        made = forms.model(chosen)
        missing = target_db + MARGIN_DB - _worst_passage(exact, _play(made, feeds))
        expected = -_decibels(sum(layers[k].errors[c] for k, c in chosen.items()))
        if missing <= 0.0 or expected < asked:
            break
        asked = max(asked, expected) + missing + 0.1
    return made, layers, chosen


def _rounded(
    model: onnx.ModelProto, convolutions: list[onnx.NodeProto], heard: dict[str, Heard], levels: int
) -> dict[str, integers.IntegerWeights]:
    arrays = {i.name: numpy_helper.to_array(i) for i in model.graph.initializer}
    kind = np.int8 if levels == 127 else np.int16
    found = {}
    for node in convolutions:
        weight = arrays[node.input[1]]
        flat = (
            weight.transpose(0, 2, 1).reshape(weight.shape[0], -1).astype(np.float64)
        )  # taps, then channels
        covariance = heard[node.output[0]].covariance
        scale = best_scale(flat, np.diag(covariance), levels).astype(np.float32)
        if levels == 127:
            steps = compensated(flat, covariance, scale.astype(np.float64), levels)
        else:
            steps = np.clip(np.round(flat / scale[:, None]), -levels, levels)
        shaped = steps.reshape(weight.shape[0], weight.shape[2], weight.shape[1]).transpose(0, 2, 1)
        found[node.output[0]] = integers.IntegerWeights(np.ascontiguousarray(shaped.astype(kind)), scale)
    return found


def _room(model: onnx.ModelProto, forms: _Forms) -> float:
    """Bytes by which weights may grow beyond 8 bits: what the smallest file leaves."""
    smallest = forms.model(dict.fromkeys(forms.narrow, Choice(8, 16)))
    compact(smallest)
    report = CARD_BYTES + CARD_BYTES_OF_LAYER * len(forms.narrow)
    left = float(SIZE_SHARE * model.ByteSize() - smallest.ByteSize() - report)
    return max(left, LEAST_ROOM * float(model.ByteSize()))


def _worst_passage(exact: npt.NDArray[np.float32], played: npt.NDArray[np.float32]) -> float:
    """The lowest signal-to-noise ratio in dB among passages: a voice that is struck is not always loud."""
    parts = zip(*(np.array_split(sound, PASSAGES, axis=-1) for sound in (exact, played)), strict=True)
    return min(_decibels(float(np.mean(e**2)) / _noise(e, p)) for e, p in parts)


def _decibels(power: float) -> float:
    return float(10 * np.log10(power + 1e-30))


def _play(model: onnx.ModelProto, feeds: list[Arrays]) -> npt.NDArray[np.float32]:
    player = GraphPlayer(model)
    sound = [player.run(feed)["audio"] for feed in feeds]
    return np.concatenate(sound[SETTLING_FRAMES:], axis=-1)


def _noise(exact: npt.NDArray[np.float32], played: npt.NDArray[np.float32]) -> float:
    return float(np.mean((exact.astype(np.float64) - played) ** 2))


def _spectral_distance(exact: npt.NDArray[np.float32], played: npt.NDArray[np.float32]) -> float:
    size = 1024

    def spectra(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        flat = sound.reshape(-1)
        blocks = flat[: flat.size // size * size].reshape(-1, size) * np.hanning(size)
        power = np.abs(np.fft.rfft(blocks)) ** 2
        return np.asarray(10 * np.log10(power + 1e-10 * power.max()))

    return float(np.sqrt(np.mean((spectra(exact) - spectra(played)) ** 2)))


def _write_card(model: onnx.ModelProto, report: Report) -> None:
    """The report into the card; the reference run becomes that of the quantised graph."""
    card = replace(read_card(model), reference=None)
    if card.latent is not None:
        reference = make_reference(GraphPlayer(model), card, QUANTISED[report.mode])
        card = replace(card, reference=reference)
    attach_card(model, card)
    _write_report(model, report)


def _write_report(model: onnx.ModelProto, report: Report) -> None:
    entry = next(p for p in model.metadata_props if p.key == KEY)
    layers = {k: [r.weight_bits, r.input_bits, round(r.error_db, 1)] for k, r in report.layers.items()}
    told = asdict(replace(report, layers={})) | {"layers": layers}
    entry.value = json.dumps({**json.loads(entry.value), "quantisation": told}, separators=(",", ":"))
