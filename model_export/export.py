"""From a `.ts` file to a voice: read, trace, simplify, describe, verify."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

from files import write_bytes
from graphs.card import Card, Reference, attach_card
from graphs.player import GraphPlayer
from model_export.corpus import corpus_statistics
from model_export.costs import with_costs
from model_export.delay import delay_samples
from model_export.errors import ExportError, refused
from model_export.expected_latents import own_statistics, prior_statistics
from model_export.graph import Graph
from model_export.graph.affine import with_short_chains
from model_export.graph.axes import with_folded_axes
from model_export.graph.fold import folded
from model_export.graph.modulated import with_fast_banks
from model_export.graph.onnx_writer import initial_states, to_onnx
from model_export.graph.prune import pruned
from model_export.graph.spectral import without_spectra
from model_export.graph.subpixel import without_transposed
from model_export.symbolic import trace
from model_export.torchscript import OWN_CLASS, Archive, plain_name, read_script
from model_export.verify import make_reference, verify
from model_export.wrapper import Wrapper, unwrap

Progress = Callable[[str], None]
MAX_FRAMES = 64


def export(
    path: str | Path,
    *,
    frames: int = 1,
    latents: int | None = None,
    latent_noise: float = 1.0,
    corpus: str | Path | None = None,
    progress: Progress = lambda message: None,
) -> onnx.ModelProto:
    """Turns a RAVE decoder into a streaming ONNX voice. Nothing of the file is run; PyTorch is not needed.

    Args:
        path: a `.ts` file, exported for streaming, or one packed by xz.
        frames: latent frames a call (T).
        latents: rows of the `latent` input (Z), where the file leaves a choice; by default the file's own.
        latent_noise: 0..1, scale of the noise that fills the latents left out by the file; 1 as upstream.
        corpus: folder of recordings that are encoded to measure the latents; without, upstream's prior.
        progress: told one short line at each stage.

    Returns:
        A model with `latent` [1, Z, T] and `audio` [1, C, T hop], states `state.K` / `next.K`, draws
        `noise.K` and a card (`graphs.card.read_card`), its reference run verified in ONNX Runtime.

    Raises:
        ExportError: anything in the file that is not such a decoder.
    """
    _check(frames, latents, latent_noise)
    with refused(ExportError, "a decoder whose graph adds up", "export the model again with rave export"):
        exact, card = _traced(Path(path), frames, latents, latent_noise, progress)
    if corpus is not None:
        card = replace(card, latent=corpus_statistics(path, corpus, card.latents, progress))
    progress("recording a reference run in ONNX Runtime")
    reference = _recorded(exact, card)
    progress("simplifying the graph")
    final = _simplified(exact)
    del exact  # weights are large: one copy less at a time
    card = replace(with_costs(card, final), reference=reference)
    model = to_onnx(final, card.name)
    del final
    attach_card(model, card)
    _give_back()
    progress("verifying the result")
    verify(model, card)
    return model


def _check(frames: int, latents: int | None, latent_noise: float) -> None:
    if not 1 <= frames <= MAX_FRAMES:
        raise ExportError(f"1 to {MAX_FRAMES} frames a call", str(frames), "choose fewer")
    if not 0.0 <= latent_noise <= 1.0:
        raise ExportError("latent noise from 0 to 1", str(latent_noise), "choose a value in between")
    if latents is not None and latents < 1:
        raise ExportError("at least one latent", str(latents), "leave --latents out")


def _traced(
    path: Path, frames: int, latents: int | None, latent_noise: float, progress: Progress
) -> tuple[Graph, Card]:
    """The decoder as its code says it, in operators that ONNX has, and what the archive tells about it."""
    with Archive(path) as archive:
        progress("reading the archive")
        script = read_script(archive)
        wrapper = unwrap(script)
        rows = wrapper.latents if latents is None else latents
        progress("executing decode symbolically")
        shape = [1, rows, frames]
        graph = pruned(trace(script, wrapper.module, "decode", shape, "latent", "audio", latent_noise))
        _require_voice(graph, wrapper, frames)
        if script.root.class_name != OWN_CLASS:  # ours are written from a streaming graph
            _require_streaming(graph)
        card = Card(
            kind="voice",
            name=plain_name(path),
            latents=rows,
            sample_rate=wrapper.sample_rate,
            hop=wrapper.hop,
            frames=frames,
            channels=graph.outputs["audio"].shape[1],
            delay_samples=delay_samples(graph, script.root),
            source_sha256=script.sha256(),
            latent=own_statistics(script) or prior_statistics(graph, rows),
            noise={f"noise.{k}": (d.distribution, d.value.shape) for k, d in enumerate(graph.draws)},
        )
    return without_spectra(graph), card


def _recorded(exact: Graph, card: Card) -> Reference:
    """The reference run of the graph as traced; it passes through a file, so that the model itself can go."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exact.onnx"
        model = to_onnx(exact, card.name)
        attach_card(model, replace(card, initial_state=initial_states(exact)))  # it tells where states begin
        write_model(model, path)
        del model
        _give_back()
        reference = make_reference(GraphPlayer(path, lean=True), card)
    _give_back()
    return reference


def _give_back() -> None:
    """Freed pages to the system at once; glibc would keep the weights' copies of every step."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def _simplified(graph: Graph) -> Graph:
    """The same sound in fewer and plainer operators."""
    plain = folded(with_short_chains(without_transposed(graph)))
    return with_fast_banks(with_folded_axes(plain))


def _require_voice(graph: Graph, wrapper: Wrapper, frames: int) -> None:
    """A decoder gives [1, C, frames hop], keeps its past in states and has finite weights."""
    audio = graph.outputs["audio"]
    if len(audio.shape) != 3 or audio.shape[0] != 1 or audio.shape[2] != frames * wrapper.hop:
        wanted = f"audio of [1, C, {frames * wrapper.hop}]"
        raise ExportError(wanted, f"{list(audio.shape)}", "export the model again with rave export")
    if not 1 <= audio.shape[1] <= 16:
        raise ExportError("1 to 16 audio channels", str(audio.shape[1]), "check the model")
    for node in graph.nodes():
        for value in node.inputs:
            if value.constant is not None and not np.all(np.isfinite(value.constant)):
                where = node.name or "the model"
                raise ExportError(
                    "finite weights", f"NaN or infinity in {where}", "export another checkpoint"
                )


def _require_streaming(graph: Graph) -> None:
    """Refuses models whose convolutions pad with silence at every call: they would click at every block."""
    for node in graph.nodes():
        if node.op != "Conv" or node.inputs[1].shape[2] == 1:
            continue
        join = node.inputs[0].node
        if join is None or join.op != "Concat":
            continue
        if any(part.constant is not None and not np.any(part.constant) for part in join.inputs):
            do = "export it again with `rave export --streaming`"
            raise ExportError("a model exported for streaming", f"one without caches ({node.name})", do)


def write_model(model: onnx.ModelProto, path: str | Path) -> None:
    """Writes a model whole or not at all. Raises FileError when the place cannot be written."""
    write_bytes(path, model.SerializeToString())
