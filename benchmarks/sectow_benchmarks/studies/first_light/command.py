"""`sectow study first-light`: the game in several worlds."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sectow_benchmarks.studies.options import AsJson, Changes, Out, Seed, Small, publish
from sectow_benchmarks.studies.presets import check_recipe
from sectow_env.display.console import note
from sectow_env.errors import ConfigError

if TYPE_CHECKING:
    from sectow_agents.settings.run_config import RunConfig
    from sectow_benchmarks.studies.first_light.play import StudySettings
    from sectow_benchmarks.studies.first_light.rows import Row


def first_light(
    changes: Changes = None,
    worlds: Annotated[str, typer.Option(help="Seeds of the worlds, with commas.")] = "0,1,2",
    out: Out = Path("runs/first-light"),
    seed: Seed = 0,
    small: Small = False,
    as_json: AsJson = False,
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
    tree = {str(number): [row.model_dump() for row in rows] for number, rows in tables.items()}
    publish(page, tree, out, as_json)


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
