"""A model's encoder as a graph of its own: sound in, latents out; the board never plays it.

`audio` [1, C, F hop] in, `latent` [1, Z, F] out, F frames a call; every cache is a state, every draw an input
`noise.K`, as in a voice. Its card has the kind `encoder`, and as `delay_samples` how late latents answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from graphs.card import Card, attach_card, read_card
from graphs.player import FloatArray, GraphPlayer
from model_export.errors import ExportError, refused
from model_export.graph.fold import folded
from model_export.graph.onnx_writer import to_onnx
from model_export.graph.prune import pruned
from model_export.graph.spectral import without_spectra
from model_export.symbolic import trace
from model_export.torchscript import OWN_CLASS, Archive, plain_name, read_script
from model_export.wrapper import unwrap

KIND = "encoder"
BLOCK_FRAMES = 16  # latent frames a call
_HEARD = 10.0 ** (-30.0 / 20.0)  # of the loudest frame: what is softer is not what was meant
_AUDIBLE = 1e-4
_PIECE_S = 0.5  # of a recording, around the second that is asked for
_SILENT_FRAMES = 32  # longer than any encoder remembers: a centred one looks at 16
_MIDDLE = {"normal": 0.0, "uniform": 0.5}


def beside(voice: Path) -> Path:
    """Where the encoder of a voice's `.onnx` lies.

    >>> beside(Path("water.onnx"))
    PosixPath('water.encoder.onnx')
    """
    return voice.with_suffix(f".{KIND}.onnx")


def encoder_graph(path: Path) -> onnx.ModelProto:
    """The encoder of a RAVE `.ts`: its `encode` is executed symbolically like `decode`.

    Raises:
        ExportError: no `.ts`, or one without an encoder that can be run and answers.
    """
    with (
        refused(ExportError, "an encoder whose graph adds up", "export the model again with rave export"),
        Archive(path) as archive,
    ):
        script = read_script(archive)
        if script.root.class_name == OWN_CLASS:
            do = "take NAME.encoder.onnx, from which it was written"
            raise ExportError("an encoder of RAVE's exporter", "a .ts of our own writer", do)
        wrapper = unwrap(script)
        shape = [1, wrapper.audio_inputs, BLOCK_FRAMES * wrapper.hop]
        graph = pruned(trace(script, wrapper.module, "encode", shape, "audio", "latent"))
        digest = script.sha256()
    latent = graph.outputs["latent"].shape
    if len(latent) != 3 or latent[2] != BLOCK_FRAMES:
        raise ExportError(f"latents of [1, Z, {BLOCK_FRAMES}]", str(list(latent)), "use it without encoder")
    model = to_onnx(folded(without_spectra(graph)), KIND)
    card = Card(
        kind=KIND,
        name=plain_name(path),
        latents=latent[1],
        sample_rate=wrapper.sample_rate,
        hop=wrapper.hop,
        frames=BLOCK_FRAMES,
        channels=wrapper.audio_inputs,
        source_sha256=digest,
        noise={f"noise.{k}": (d.distribution, d.value.shape) for k, d in enumerate(graph.draws)},
    )
    attach_card(model, card)
    attach_card(model, replace(card, delay_samples=Encoder(model).answer() * card.hop))
    return model


class Encoder:
    """Plays an encoder.

    Args:
        model: of kind `encoder`.

    Attributes:
        card: its own.

    Raises:
        ExportError: another kind of graph.
        GraphError: one without card, or that ONNX Runtime refuses.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.card = read_card(model)
        if self.card.kind != KIND:
            raise ExportError("an encoder", f"a {self.card.kind}", "export the model with --encoder")
        self.player = GraphPlayer(model)
        noise = self.card.noise.items()
        self._still = {name: np.full(shape, _MIDDLE[kind], np.float32) for name, (kind, shape) in noise}

    def encode(self, sound: FloatArray, still: bool = False) -> FloatArray:
        """Latents [T, Z] of sound [N] at the model's rate, from a reset encoder; `still`: without draws."""
        self.player.reset()
        rows = [block.T for block in self._blocks(sound, still)]
        empty = np.zeros((0, self.player.outputs["latent"][1]), np.float32)
        return np.concatenate(rows) if rows else empty

    def _blocks(self, sound: FloatArray, still: bool) -> Iterator[FloatArray]:
        """Latents [Z, T] block by block; the last, shorter block is filled with silence and cut."""
        shape, hop = self.player.inputs["audio"], self.card.hop
        for start in range(0, len(sound) - hop + 1, shape[2]):
            piece = sound[start : start + shape[2]]
            block = np.zeros(shape, np.float32)
            block[:, :, : len(piece)] = piece
            given = {"audio": block, **(self._still if still else {})}
            yield self.player.run(given)["latent"][0, :, : len(piece) // hop]

    def answer(self) -> int:
        """Frames from a sound to its latents: until half of the way from silence to a noise is gone."""
        frames, hop = 2 * _SILENT_FRAMES, self.card.hop
        sound = np.zeros(frames * hop, np.float32)
        sound[_SILENT_FRAMES * hop :] = 0.1 * np.random.default_rng(0).standard_normal(_SILENT_FRAMES * hop)
        z = self.encode(sound, still=True)
        before, after = z[_SILENT_FRAMES - 1], z[-4:].mean(axis=0)
        way = after - before
        if not np.isfinite(z).all() or float(np.abs(way).max()) < 1e-6:
            raise ExportError(
                "an encoder that hears", "one that answers nothing", "train the model for longer"
            )
        gone = (z - before) @ way / (way @ way)
        return max(0, int(np.argmax(gone[_SILENT_FRAMES:] >= 0.5)))

    def place(self, sound: FloatArray, second: float | None = None) -> FloatArray:
        """The latents [Z] of a recording [N]: the median of its frames, without those that are hardly heard.

        Args:
            sound: at the model's rate.
            second: only what lies a quarter of a second around it.

        Raises:
            ExportError: silence, or no such second.
        """
        rate, hop = self.card.sample_rate, self.card.hop
        late = self.card.delay_samples // hop
        frames = -(-len(sound) // hop)
        whole = np.zeros((frames + late) * hop, np.float32)
        whole[: len(sound)] = sound
        level = np.sqrt(np.square(whole.reshape(-1, hop)[:frames], dtype=np.float64).mean(axis=1))
        if frames == 0 or not level.max() > _AUDIBLE:
            raise ExportError("a recording that is heard", "silence", "choose another")
        wanted = level >= _HEARD * level.max()
        if second is not None:
            wanted = np.abs((np.arange(frames) + 0.5) * hop / rate - second) <= max(_PIECE_S / 2, hop / rate)
        if not wanted.any():
            got = f"second {second:g} of {len(sound) / rate:.1f}"
            raise ExportError("a moment of the recording", got, "choose one within it")
        return np.asarray(np.median(self.encode(whole, still=True)[late:][wanted], axis=0), np.float32)
