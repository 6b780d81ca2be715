"""From a voice's file to its graph, with the statistics of its own corpus where its card has them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

import model_export
from graphs.card import LatentStatistics, attach_card, read_card
from model_export.torchscript import plain_bytes
from voices.catalogue import FOLDER, FORMAT


def corpus_statistics(archive: Path) -> LatentStatistics | None:
    """Statistics from the card of this very `.ts`, packed or not: one beside it, or a shipped voice's."""
    digest = hashlib.sha256(plain_bytes(archive)).hexdigest()
    for path in (archive.parent / "card.json", *sorted(FOLDER.glob("*/card.json"))):
        card = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        if card.get("format") == FORMAT and card["sha256"] == digest:
            names = ("mean", "std", "probabilities", "quantiles")
            values = (np.asarray(card["latent"][name], np.float32) for name in names)
            return LatentStatistics(str(card["latent"]["origin"]), *values)
    return None


def remember_corpus(model: onnx.ModelProto, archive: Path) -> None:
    """Puts the statistics of a shipped voice's own corpus into the card of its exported graph.

    A file without such a card, or a graph of another number of latents, stays as it is.
    """
    measured, card = corpus_statistics(archive), read_card(model)
    if measured is not None and len(measured.mean) == card.latents:
        attach_card(model, replace(card, latent=measured))


def export_voice(archive: Path) -> onnx.ModelProto:
    """The streaming graph of a `.ts` or `.ts.xz`, with what a voice's card tells of its corpus.

    Without a card the statistics are upstream's prior, as `model_export.export` gives them.

    Raises:
        ExportError: where the file is no RAVE decoder.
    """
    model = model_export.export(archive)
    remember_corpus(model, archive)
    return model
