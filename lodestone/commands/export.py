"""`lodestone export` and `lodestone card`: a RAVE file becomes a voice, and a voice tells what it is."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lodestone.options import finite

if TYPE_CHECKING:
    from onnx import ModelProto

    from graphs.card import Card

LOUD_DELAY_MS = 100.0


def register(app: typer.Typer) -> None:
    """Adds both verbs to the command line."""
    app.command(name="export")(export_command)
    app.command(name="card")(card_command)


def _talk(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def export_command(
    model: Annotated[Path, typer.Argument(help="A RAVE model exported for streaming (.ts, .ts.xz).")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The voice to write (.onnx).")],
    corpus: Annotated[Path | None, typer.Option(help="Recordings to measure the latents by.")] = None,
    frames: Annotated[int, typer.Option(help="Latent frames a call.")] = 1,
    latents: Annotated[int | None, typer.Option(help="Latents to play; the rest becomes noise.")] = None,
    latent_noise: Annotated[
        float, typer.Option(callback=finite, help="0..1: noise in the latents left out.")
    ] = 1.0,
    without_noise: Annotated[
        bool, typer.Option("--without-noise", help="Leave out the noise branch: duller, and cheaper.")
    ] = False,
    encoder: Annotated[
        bool, typer.Option("--encoder", help="Its encoder beside it, for `lodestone teach`: encode.")
    ] = False,
    quantize: Annotated[str | None, typer.Option(help="w8a16, w8a8 or w8: weights in 8 bits.")] = None,
    target: Annotated[str | None, typer.Option(help="Warn if this board cannot play it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Turn a RAVE .ts into a streaming ONNX voice, without PyTorch.

    Example: lodestone export MODEL.ts -o voice.onnx
    """
    from files import apart
    from graphs.card import read_card
    from model_export.export import export, write_model

    apart(output, model)
    ears = _encoder(model) if encoder else None
    made = export(
        model, frames=frames, latents=latents, latent_noise=latent_noise, corpus=corpus, progress=_talk
    )
    if without_noise:
        from model_export import noise_free

        made = noise_free.without_noise(made)
    if quantize is not None:
        from model_export.quantise import quantise

        made = quantise(made, quantize, progress=_talk).model
    write_model(made, output)
    if ears is not None:
        _talk(f"wrote {_write_encoder(ears, output)}")
    card = read_card(made)
    _talk(f"wrote {output}: {card.name}, {card.latents} latents, {card.sample_rate} Hz, hop {card.hop}")
    _warn_of_delay(card)
    if target is not None:
        _warn_of_load(made, target)
    if json:
        print(card.to_json())


def _encoder(model: Path) -> ModelProto:
    from model_export.encoder import encoder_graph

    _talk("executing encode symbolically")
    return encoder_graph(model)


def _write_encoder(ears: ModelProto, output: Path) -> Path:
    from model_export.encoder import beside
    from model_export.export import write_model

    write_model(ears, beside(output))
    return beside(output)


def _warn_of_load(model: ModelProto, target: str) -> None:
    from model_export.compiler import compile_plan
    from model_export.compiler.fit import fit

    found = fit(compile_plan(model), target)
    if not found.fits:
        _talk(f"NOTE: up to {100 * found.load.high:.0f} % of {target}'s core: see `lodestone fit`")


def card_command(
    file: Annotated[Path, typer.Argument(help="A graph with a card (.onnx).")],
    json: Annotated[bool, typer.Option("--json", help="Print the card as JSON.")] = False,
) -> None:
    """Tell what a voice or touch graph is, and whether it is whole.

    Example: lodestone card voice.onnx
    """
    from graphs.card import load_onnx, read_card
    from model_export.describe import describe
    from model_export.verify import verify

    model = load_onnx(file)
    card = read_card(model)
    error = verify(model, card) if card.reference is not None else None
    if json:
        print(card.to_json())
        return
    print("\n".join(describe(card, error)))
    _warn_of_delay(card)


def _warn_of_delay(card: Card) -> None:
    if card.delay_ms > LOUD_DELAY_MS:
        _talk(
            f"NOTE: this model answers {card.delay_ms:.0f} ms late by itself (trained centred, not causal); "
            "train with the causal option for an instrument that answers at once"
        )
