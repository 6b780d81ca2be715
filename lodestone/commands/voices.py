"""`lodestone voices`: what ships."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lodestone.columns import columns
from lodestone.options import finite

if TYPE_CHECKING:
    from voices.catalogue import Voice


def register(app: typer.Typer) -> None:
    """Adds the verb to the command line."""
    app.command("voices")(voices)


def voices(
    name: Annotated[str | None, typer.Argument(help="Only this one, with the origin of its sounds.")] = None,
    atlas: Annotated[Path | None, typer.Option(help="Draw what each latent does (.png).")] = None,
    ts: Annotated[Path | None, typer.Option(help="Write the TorchScript that nn~ plays (.ts).")] = None,
    build: Annotated[Path | None, typer.Option(help="Make all its files and figures in a folder.")] = None,
    seconds: Annotated[
        float, typer.Option(callback=finite, min=4.0, help="Of the performance that --build makes.")
    ] = 20.0,
    as_json: Annotated[bool, typer.Option("--json", help="The cards as JSON on stdout.")] = False,
) -> None:
    """List the voices that ship, or describe one.

    Example: lodestone voices glass
    """
    from files import write_bytes
    from voices import catalogue
    from voices.errors import VoiceError

    if name is None and (atlas or ts or build):
        raise VoiceError("a voice's name with this option", "none", "write lodestone voices glass --ts FILE")
    chosen = [catalogue.find(name)] if name else catalogue.shipped()
    plain = [voice.torchscript() for voice in chosen]
    if as_json:
        json.dump([_as_dict(voice) for voice in chosen], sys.stdout, indent=1)
        print()
    else:
        _list(chosen)
    if name and not as_json:
        _describe(chosen[0])
    if ts is not None:
        write_bytes(ts, plain[0])
    if atlas is not None:
        _survey(chosen[0], atlas)
    if build is not None:
        _build(chosen[0], build, seconds)


def _list(chosen: list[Voice]) -> None:
    rows = [
        (voice.name, str(voice.latents), f"{voice.sample_rate / 1000:g}", str(voice.hop), voice.summary)
        for voice in chosen
    ]
    print(columns(("voice", "latents", "kHz", "hop samples", "its sounds"), rows))


def _describe(voice: Voice) -> None:
    print(f"  file      {voice.path}")
    print(f"  decoder   capacity {voice.capacity}, the latents of {voice.latents_of}")
    for size in voice.sizes:
        near = size.fidelity
        print(
            f"  size      {size.name}: capacity {size.capacity}, distance {near['distance']:g},"
            f" loudness within {near['loudness_db']:g} dB, latents {near['axis_spectrum']:g} alike"
        )
    if voice.ears is not None:
        mean, least = (voice.ears.figures[key] for key in ("correlation", "least"))
        print(f"  encoder   latents found back at a correlation of {mean:g}, {least:g} at least")
    print(f"  trained   {voice.steps} steps in {voice.hours:g} h on one core")
    if voice.step_ms:
        tenth, half, most = voice.step_ms
        print(f"  touch     10, 50, 90 % of a step are heard after {tenth:g}, {half:g}, {most:g} ms")
    print(f"  spread    {' '.join(f'{value:.2f}' for value in voice.std)}, of each latent in its own unit\n")
    held_out = [
        (f"{found['distance']:.2f}", f"{found['loudness_db']:.1f}", name)
        for name, found in voice.held_out.items()
    ]
    print(columns(("spectral distance", "loudness error dB", "of held-out sounds by"), held_out) + "\n")
    sounds = [(entry.licence, entry.file, entry.origin) for entry in voice.corpus]
    print(columns(("licence", "sound", "from"), sounds))


def _survey(voice: Voice, picture: Path) -> None:
    from lodestone.voice_kit import survey
    from voices import atlas
    from voices.voice_graph import export_voice

    found = survey(voice, export_voice(voice.path))
    print(atlas.table(found))
    atlas.draw(found, voice.name, picture)


def _build(voice: Voice, folder: Path, seconds: float) -> None:
    from lodestone.voice_kit import build

    figures, files = build(
        voice, folder, seconds, lambda message: print(message, file=sys.stderr, flush=True)
    )
    for what, path in files.items():
        print(f"  {what:20} {path} ({path.stat().st_size / 1000:.0f} kB)")
    for precision, load in (("32 bits", figures.load), ("w8a16", figures.load_w8a16)):
        print(f"  {precision + ' on a Bela':20} {100 * load[0]:.0f} to {100 * load[1]:.0f} % of its core")
    print(f"  w8a16 against exact  {figures.snr_db:.1f} dB signal to noise")
    print(f"  delay of the model   {figures.delay_ms:.1f} ms")


def _as_dict(voice: Voice) -> dict[str, Any]:
    others = ("mean", "std", "corpus", "path", "sizes", "ears")
    plain = {key: value for key, value in vars(voice).items() if key not in others}
    return plain | {
        "path": str(voice.path),
        "mean": voice.mean.tolist(),
        "std": voice.std.tolist(),
        "corpus": [vars(entry) for entry in voice.corpus],
        "sizes": [{**vars(size), "path": str(size.path)} for size in voice.sizes],
        "encoder": None if voice.ears is None else {**vars(voice.ears), "path": str(voice.ears.path)},
    }
