"""A card in words and a table, for `lodestone card`."""

from __future__ import annotations

from graphs.card import Card

_KINDS = {"voice": "a voice", "touch": "a touch", "encoder": "an encoder"}
_ORIGIN = {
    "corpus": "measured by encoding recordings",
    "prior": "by the prior of the training, no recording was encoded",
}


def describe(card: Card, reference_error: float | None = None) -> list[str]:
    """Lines that tell a player what the graph is.

    Args:
        card: of the graph.
        reference_error: of its reference run as a share of the peak, if it was run.
    """
    lines = [f"{card.name}: {_KINDS.get(card.kind, card.kind)} of {card.latents} latents", ""]
    lines += [f"  {label:<18}{value}" for label, value in _rows(card)]
    if reference_error is not None:
        lines.append(f"  {'reference run':<18}holds, largest error {reference_error:.1e} of the peak")
    return lines + _latent_table(card)


def _rows(card: Card) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if card.kind != "touch":
        frame_ms = 1000.0 * card.hop / card.sample_rate
        rows += [
            ("sample rate", f"{card.sample_rate} Hz"),
            ("hop", f"{card.hop} samples a latent frame ({frame_ms:.1f} ms), {card.frames} a call"),
            ("channels", str(card.channels)),
            ("model delay", f"{card.delay_samples} samples ({card.delay_ms:.1f} ms)"),
        ]
    else:
        rows += [("rate", f"{card.rate_hz:g} Hz"), ("plays", card.voice or "any voice of this many latents")]
        rows += [
            ("knob " + k, f"{v.minimum:g} to {v.maximum:g} {v.unit}".rstrip()) for k, v in card.knobs.items()
        ]
    rows += [
        ("parameters", f"{card.parameters:,}"),
        ("cost", f"{card.macs_per_second / 1e6:.1f} million multiply-adds a second"),
        ("state", f"{card.state_bytes:,} bytes"),
    ]
    rows += [(name, f"{kind} {list(shape)}") for name, (kind, shape) in card.noise.items()]
    if card.source_sha256:
        rows.append(("source", f"sha256 {card.source_sha256[:16]}…"))
    return rows


def _latent_table(card: Card) -> list[str]:
    if card.latent is None:
        return []
    p = card.latent.probabilities
    shown = [int(abs(p - wanted).argmin()) for wanted in (0.05, 0.5, 0.95)]
    origin = _ORIGIN.get(card.latent.origin, card.latent.origin)
    lines = ["", f"  latents {origin}, in the model's own unit; % of the time below"]
    lines.append(
        "  " + "".join(f"{head:>9}" for head in ("latent", "mean", "std", *(f"{p[i]:.0%}" for i in shown)))
    )
    for row in range(card.latents):
        numbers = [card.latent.mean[row], card.latent.std[row], *card.latent.quantiles[row][shown]]
        lines.append(f"  {row:>9}" + "".join(f"{number:9.3f}" for number in numbers))
    return lines
