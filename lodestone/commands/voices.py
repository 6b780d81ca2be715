"""`lodestone voices`: what ships."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from voices.catalogue import Voice


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("voices")(voices)


def voices(
    name: Annotated[str | None, typer.Argument(help="Only this one, with the origin of its sounds.")] = None,
    atlas: Annotated[Path | None, typer.Option(help="Draw what each latent does (.png).")] = None,
    ts: Annotated[Path | None, typer.Option(help="Unpack the TorchScript that nn~ plays (.ts).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The cards as JSON on stdout.")] = False,
) -> None:
    """List the voices that ship, or describe one. Checks each file against its card; fetches nothing."""
    from voices import catalogue
    from voices.errors import VoiceError

    if name is None and (atlas or ts):
        raise VoiceError("a voice's name with this option", "none", "write lodestone voices glass --ts FILE")
    chosen = [catalogue.find(name)] if name else catalogue.shipped()
    plain = [voice.torchscript() for voice in chosen]
    if as_json:
        json.dump([_as_dict(voice) for voice in chosen], sys.stdout, indent=1)
        print()
        return
    for voice in chosen:
        print(f"{voice.name:8} {voice.latents} latents, {voice.sample_rate / 1000:g} kHz: {voice.summary}")
    if name:
        _describe(chosen[0])
    if ts is not None:
        ts.write_bytes(plain[0])
    if atlas is not None:
        _survey(chosen[0], atlas)


def _describe(voice: Voice) -> None:
    print(f"  file      {voice.path}")
    print(f"  trained   {voice.steps} steps in {voice.hours:g} h on one core")
    print(f"  spread    {' '.join(f'{value:.2f}' for value in voice.std)}")
    for entry in voice.corpus:
        print(f"  {entry.licence:9} {entry.file} ({entry.origin})")


def _survey(voice: Voice, picture: Path) -> None:
    from voices import atlas
    from voices.graph import export_voice
    from voices.players import graph_player

    player = graph_player(export_voice(voice.path))
    found = atlas.survey(player, voice.mean.astype(float), voice.std.astype(float), voice.sample_rate)
    print(atlas.table(found))
    atlas.draw(found, voice.name, picture)


def _as_dict(voice: Voice) -> dict[str, Any]:
    plain = {key: value for key, value in vars(voice).items() if key not in ("mean", "std", "corpus", "path")}
    return plain | {
        "path": str(voice.path),
        "mean": voice.mean.tolist(),
        "std": voice.std.tolist(),
        "corpus": [vars(entry) for entry in voice.corpus],
    }
