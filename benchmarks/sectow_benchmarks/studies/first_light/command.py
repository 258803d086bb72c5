"""`sectow study`: play a study, and print the table that is in the docs."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sectow_benchmarks.studies.parse.command import parse
from sectow_benchmarks.studies.presets import check_recipe
from sectow_benchmarks.studies.rung.command import study as rung
from sectow_env.display.console import note, print_json, stdout
from sectow_env.display.page import print_page
from sectow_env.errors import ConfigError
from sectow_env.resolve.names import check_names

if TYPE_CHECKING:
    from sectow_agents.settings.run_config import RunConfig
    from sectow_benchmarks.studies.first_light.play import StudySettings
    from sectow_benchmarks.studies.first_light.rows import Row

app = typer.Typer(
    help="Play a study over several worlds and print its table.", no_args_is_help=True
)


app.command("rung")(rung)
app.command("parse")(parse)


@app.callback()
def study() -> None:
    """Play a study over several worlds and print its table."""


@app.command("first-light")
def first_light(
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, as in sectow train."),
    ] = None,
    worlds: Annotated[str, typer.Option(help="Seeds of the worlds, with commas.")] = "0,1,2",
    out: Annotated[Path, typer.Option(help="Folder; a study in it is resumed.")] = Path(
        "runs/first-light"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the runs.")] = 0,
    small: Annotated[
        bool, typer.Option("--small", help="As little as possible, to see that it runs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """The demo's game in several development worlds, with all figures that it must reach.

    Organisms that are not shipped must have been built: sectow organism build --world N.
    """
    from sectow_benchmarks.studies.presets import recipe

    seeds = _seeds(worlds)
    note(f"worlds {worlds} in {out}")
    check_recipe(recipe(changes or [], small))
    from sectow_benchmarks.evaluation.progress import progress_bar
    from sectow_benchmarks.studies.first_light.page import render
    from sectow_benchmarks.studies.first_light.play import StudySettings, play_world
    from sectow_benchmarks.studies.first_light.rows import rows_of
    from sectow_env.files import write_text

    settings = StudySettings(seed=seed)
    if small:
        settings = StudySettings(per_cell=1, per_kind=2, attempts=1, free_steps=1, seed=seed)
    tables: dict[int, list[Row]] = {}
    everything = []
    for number in seeds:
        folder = out / f"world-{number}"
        given = [f"seed={seed}", f"world=apothecary:{number}", *(changes or [])]
        configs = _configs(given, settings, folder, small)
        with progress_bar() as progress:
            played = play_world(
                configs.game,
                configs.free,
                settings,
                folder,
                partial(_note_of_world, number),
                progress,
            )
        tables[number] = rows_of(played)
        everything.append(played)
    command = " ".join(["sectow study first-light", *(changes or []), f"--worlds {worlds}"])
    page = render(tables, everything, f"{command} --seed {seed}" + " --small" * small)
    write_text(out / "figures.md", page)
    tree = {str(number): [row.model_dump() for row in rows] for number, rows in tables.items()}
    write_text(out / "figures.json", json.dumps(tree, indent=2, allow_nan=False) + "\n")
    if as_json:
        print_json(tree)
    else:
        print_page(page, stdout())


@app.command("proxy")
def proxy(
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, as in sectow train."),
    ] = None,
    world: Annotated[int, typer.Option(min=0, help="Seed of the world.")] = 0,
    judge: Annotated[
        list[str] | None, typer.Option(help="A judge to be paid by; may be given several times.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder; a study in it is resumed.")] = Path(
        "runs/proxy"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the runs.")] = 0,
    small: Annotated[
        bool, typer.Option("--small", help="As little as possible, to see that it runs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Train an attacker on judges that err, and show its reward beside its true success."""
    from sectow_benchmarks.results.provenance import machine
    from sectow_benchmarks.studies.presets import recipe
    from sectow_benchmarks.studies.proxy import JUDGES, to_markdown, train_on
    from sectow_env.files import write_text

    given = [f"seed={seed}", f"world=apothecary:{world}", *(changes or [])]
    for name in judge or ():
        check_names(judge=name)
    note(f"attackers learn from judges that err, in {out}")
    check_recipe(recipe(given, small))
    trained = train_on(
        judge or JUDGES,
        lambda more: recipe([*given, *more], small),
        out,
        lambda text: note(f"an attacker paid by {text}"),
    )
    options = [*(changes or []), *(f"--judge {item!r}" for item in judge or ())]
    command = " ".join(["sectow study proxy", *options])
    head = (
        f"Printed by `{command} --world {world} --seed {seed}{' --small' * small}` on {machine()}. "
        "One attacker phase against the base defender for each judge, from the same weights; means "
        "over the training episodes of a stretch (T = 1, training potions), one run each."
    )
    page = to_markdown(trained, head)
    tree = [item.model_dump() for item in trained]
    write_text(out / "figures.md", page)
    write_text(out / "figures.json", json.dumps(tree, indent=2, allow_nan=False) + "\n")
    if as_json:
        print_json(tree)
    else:
        print_page(page, stdout())


@app.command("intent")
def intent(
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Settings to change, as in sectow train."),
    ] = None,
    world: Annotated[int, typer.Option(min=0, help="Seed of the world.")] = 0,
    out: Annotated[Path, typer.Option(help="Folder; a study in it is resumed.")] = Path(
        "runs/intent"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of the runs.")] = 0,
    small: Annotated[
        bool, typer.Option("--small", help="As little as possible, to see that it runs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Train an attacker with and without a check of its intent, and show which one drifts."""
    from sectow_benchmarks.results.provenance import machine
    from sectow_benchmarks.studies.presets import recipe

    given = [f"seed={seed}", f"world=apothecary:{world}", *(changes or [])]
    note(f"attackers learn with and without a check of their intent, in {out}")
    check_recipe(recipe(given, small))
    from sectow_benchmarks.studies.intent import ATTEMPTS, course_of, run_study, to_markdown
    from sectow_env.files import write_text

    results = run_study(lambda more: recipe([*given, *more], small), out, note)
    command = " ".join(["sectow study intent", *(changes or [])])
    head = (
        f"Printed by `{command} --world {world} --seed {seed}{' --small' * small}` on {machine()}. "
        "One attacker phase each from the same weights against the base defender, paid for any "
        "controlled recipe that is revealed: with the check only where the attack asks for its "
        f"scenario's potion. Measured on the training scenarios, T = 1, {ATTEMPTS} attempts each, "
        "channels weighted the same; an attack may name any potion."
    )
    page = to_markdown(results, course_of(out), head)
    tree = [item.model_dump() for item in results]
    write_text(out / "figures.md", page)
    write_text(out / "figures.json", json.dumps(tree, indent=2, allow_nan=False) + "\n")
    if as_json:
        print_json(tree)
    else:
        print_page(page, stdout())


def _note_of_world(number: int, text: str) -> None:
    note(f"world {number}: {text}")


class _Configs(NamedTuple):
    """Of the game, and of the attacker in free form."""

    game: RunConfig
    free: RunConfig


def _configs(given: list[str], settings: StudySettings, folder: Path, small: bool) -> _Configs:
    from sectow_benchmarks.studies.presets import quoted, recipe

    alone = ["rounds=1", "seats=[attacker]", "attacker.channels=[null]", "pool.per_scenario=0"]
    alone += [f"attacker.training.steps={settings.free_steps}", f"run={quoted(folder / 'free')}"]
    return _Configs(
        recipe([*given, f"run={quoted(folder / 'game')}"], small), recipe([*given, *alone], small)
    )


def _seeds(worlds: str) -> list[int]:
    try:
        return [int(part) for part in worlds.split(",")]
    except ValueError as error:
        raise ConfigError(
            given=f"--worlds {worlds!r}",
            why="a world is named by its seed, a whole number",
            fix="give seeds with commas, for example --worlds 0,1,2",
        ) from error
