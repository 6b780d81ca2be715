"""Voices with 8-bit weights, written as standard QDQ ONNX, which ONNX Runtime and the engine both play.

`w8`: weights in 8 bits per output channel, arithmetic in floats. `w8a16`: besides, every quantised
convolution hears its input in 16 bits; the arithmetic in which a Cortex-A8 is fastest. The small layers
that matter most keep 16 bits, as many as the file size allows, until the wanted signal-to-noise ratio
holds.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

from model_export.card import KEY, attach_card, read_card
from model_export.errors import ExportError
from model_export.quantise import rewrite
from model_export.quantise.calibration import Arrays, Heard, latent_walk, listen, session_of, stream
from model_export.quantise.rounding import best_scale, compensated
from model_export.stream import OrtStream
from model_export.verify import make_reference

MODES = ("w8", "w8a16")
CALIBRATION_FRAMES, TEST_FRAMES, LAYER_FRAMES, SETTLING_FRAMES = 96, 48, 20, 8
SIZE_SHARE = 0.278  # of the float weights, for all weights together: leaves room for graph and card
FEWEST_WEIGHTS = 64
# One step of 16 bits more or less where a value lies on the edge between two: processors differ in that.
REFERENCE_TOLERANCE = 5e-3


@dataclass(frozen=True)
class Report:
    """How near the quantised voice is to the exact one, on latents that were not used to make it.

    Attributes:
        snr_db: power of the sound against power of the difference.
        log_spectral_distance_db: root mean square difference of log spectra (1024 samples, Hann).
        size_share: bytes of the quantised file against the exact one.
        layers: output name -> bits and the layer's own error power in dB against the sound when it alone is
        8 bit.
    """

    mode: str
    snr_db: float
    log_spectral_distance_db: float
    size_share: float
    layers: dict[str, tuple[int, float]]


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
    target_db: float = 45.0,
    seed: int = 1,
    progress: Callable[[str], None] = lambda _: None,
) -> Quantised:
    """A voice with 8-bit weights.

    Args:
        model: an exported voice in fp32, with its card.
        mode: one of MODES.
        target_db: signal-to-noise ratio up to which layers are kept wider, as far as the size allows.
        seed: of the latents that calibrate and test.

    Raises:
        ExportError: for another mode, a graph that is no voice, or one that has nothing to quantise.
    """
    if mode not in MODES:
        raise ExportError(f"one of {', '.join(MODES)}", f"'{mode}'", "choose one of these")
    convolutions = rewrite.quantisable(model, FEWEST_WEIGHTS)
    if not convolutions:
        raise ExportError("convolutions to quantise", "none", "quantise an exported fp32 voice")
    progress("listening to the exact voice")
    heard = listen(model, convolutions, latent_walk(model, CALIBRATION_FRAMES, seed))
    narrow = _rounded(model, convolutions, heard, 127)
    wide = _rounded(model, convolutions, heard, 32767)
    feeds = latent_walk(model, TEST_FRAMES, seed + 1)
    exact = _play(model, feeds)
    progress("measuring every layer's error")
    errors = {key: _layer_error(model, key, weights, exact, feeds) for key, weights in narrow.items()}
    widened = _choose_wide(model, narrow, errors, exact, target_db)
    chosen = {key: wide[key] if key in widened else narrow[key] for key in narrow}
    largest = {key: heard[key].largest for key in narrow if key not in widened} if mode == "w8a16" else {}
    made = rewrite.quantised(model, chosen, largest)
    played = _play(made, feeds)
    signal = float(np.mean(exact**2))
    layers = {k: (16 if k in widened else 8, 10 * np.log10(e / signal + 1e-30)) for k, e in errors.items()}
    snr, distance = 10 * np.log10(signal / _noise(exact, played)), _spectral_distance(exact, played)
    share = len(made.SerializeToString()) / len(model.SerializeToString())
    report = Report(mode, float(snr), distance, share, layers)
    _write_card(made, report)
    return Quantised(made, report, exact, played)


def _rounded(
    model: onnx.ModelProto, convolutions: list[onnx.NodeProto], heard: dict[str, Heard], levels: int
) -> dict[str, rewrite.IntegerWeights]:
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
        found[node.output[0]] = rewrite.IntegerWeights(np.ascontiguousarray(shaped.astype(kind)), scale)
    return found


def _layer_error(
    model: onnx.ModelProto,
    key: str,
    weights: rewrite.IntegerWeights,
    exact: npt.NDArray[np.float32],
    feeds: list[Arrays],
) -> float:
    """Error power of the sound when this layer alone has 8 bits."""
    played = _play(rewrite.quantised(model, {key: weights}, {}), feeds[:LAYER_FRAMES])
    return _noise(exact[..., : played.shape[-1]], played)


def _choose_wide(
    model: onnx.ModelProto,
    narrow: dict[str, rewrite.IntegerWeights],
    errors: dict[str, float],
    exact: npt.NDArray[np.float32],
    target_db: float,
) -> set[str]:
    """Layers to keep at 16 bit: the largest error per byte first, until target or size is reached."""
    floats = sum(
        int(np.prod(i.dims)) for i in model.graph.initializer if i.data_type == onnx.TensorProto.FLOAT
    )
    quantised = sum(w.steps.size for w in narrow.values())
    scales = sum(w.scale.size for w in narrow.values())
    room = SIZE_SHARE * 4 * floats - quantised - 4 * (floats - quantised + scales)
    wanted = float(np.mean(exact**2)) / 10 ** (target_db / 10)
    left = sum(errors.values())
    wide: set[str] = set()
    for key in sorted(errors, key=lambda k: -errors[k] / narrow[k].steps.size):
        if left <= wanted:
            break
        if narrow[key].steps.size <= room:
            wide.add(key)
            room -= narrow[key].steps.size
            left -= errors[key]
    return wide


def _play(model: onnx.ModelProto, feeds: list[Arrays]) -> npt.NDArray[np.float32]:
    sound = [values["audio"] for values in stream(session_of(model), feeds)]
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
        reference = make_reference(OrtStream(model), card, REFERENCE_TOLERANCE)
        card = replace(card, reference=reference)
    attach_card(model, card)
    entry = next(p for p in model.metadata_props if p.key == KEY)
    entry.value = json.dumps({**json.loads(entry.value), "quantisation": asdict(report)})
