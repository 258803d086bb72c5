"""`sectow organism`: build the model organism and find its parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from sectow_agents.organism.training import Progress

app = typer.Typer(
    help="Build the built-in model organism and find its parts.", no_args_is_help=True
)


@app.command()
def build(
    world: Annotated[int, typer.Option(help="Seed of the world, from 0 on.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Where to build; default: the user's cache folder.")
    ] = None,
    foundation: Annotated[
        str, typer.Option(help="'shipped', 'new' (about 50 minutes on 2 cores), or a folder.")
    ] = "shipped",
    seed: Annotated[int, typer.Option(help="Seed of the initial weights and the lessons.")] = 0,
    scale: Annotated[
        float,
        typer.Option(min=0.0, help="Multiplies all optimizer steps; below 1 to try it."),
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Make a world's base defender and attacker; an interrupted build resumes."""
    from sectow_agents.organism.build import Effort, build_foundation, build_world
    from sectow_agents.organism.store import cache, checkpoint
    from sectow_env.worlds.apothecary import Apothecary

    place = out or cache()
    effort = Effort.scaled(scale)
    console = Console(stderr=True)
    with _bars(console) as progress:
        if foundation == "new":
            base = build_foundation(place, effort=effort, seed=seed, progress=progress)
        else:
            base = checkpoint("foundation") if foundation == "shipped" else Path(foundation)
        folder = build_world(
            base, place, Apothecary(world), effort=effort, seed=seed, progress=progress
        )
    made = {"foundation": str(base)}
    made |= {part: str(folder / part) for part in ("defender", "attacker")}
    if as_json:
        typer.echo(json.dumps(made))
        return
    for part, path in made.items():
        typer.echo(f"{part:<10} {path}")


@app.command()
def path(
    part: Annotated[str, typer.Argument(help="foundation, defender or attacker.")] = "defender",
    world: Annotated[int, typer.Option(help="Seed of the world.")] = 0,
) -> None:
    """Print the folder of a built or shipped part, for other tools."""
    from sectow_agents.organism.store import PARTS, checkpoint
    from sectow_env.errors import unknown

    if part not in PARTS:
        raise unknown("part of the organism", part, PARTS)
    typer.echo(str(checkpoint(part, world)))


@contextmanager
def _bars(console: Console) -> Iterator[Progress]:
    """One progress bar with remaining time for each stage of the build."""
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]:.3f}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=console) as bars:

        def show(name: str, done: int, steps: int, loss: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=steps, loss=loss)
            bars.update(tasks[name], completed=done, loss=loss)

        yield show
