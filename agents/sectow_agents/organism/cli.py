"""`sectow organism`: build the model organism and find its parts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sectow_env.display.console import Bar, note, print_json, say, stdout
from sectow_env.display.tables import print_table
from sectow_env.errors import ConfigError, unknown

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
    from sectow_agents.organism.store import cache

    place, base = out or cache(), _foundation(foundation)
    note(f"building the organism of world {world} in {place}")
    from sectow_agents.organism.build import Effort, build_foundation, build_world
    from sectow_env.worlds.apothecary import Apothecary

    effort = Effort.scaled(scale)
    with _bars() as progress:
        if base is None:
            base = build_foundation(place, effort=effort, seed=seed, progress=progress)
        folder = build_world(
            base, place, Apothecary(world), effort=effort, seed=seed, progress=progress
        )
    made = {"foundation": str(base)}
    made |= {part: str(folder / part) for part in ("defender", "attacker")}
    if as_json:
        print_json(made)
        return
    print_table(("part", "folder"), list(made.items()), stdout())


def _foundation(given: str) -> Path | None:
    """The folder of the foundation; None for one that is built."""
    from sectow_agents.organism.store import checkpoint

    if given == "new":
        return None
    folder = checkpoint("foundation") if given == "shipped" else Path(given)
    if not folder.is_dir():
        raise ConfigError(
            given=f"--foundation {given!r}",
            why="it is neither 'shipped' nor 'new', and no folder of that name exists",
            fix="leave it out, or give the folder of a foundation",
        )
    return folder


@app.command()
def path(
    part: Annotated[str, typer.Argument(help="foundation, defender or attacker.")] = "defender",
    world: Annotated[int, typer.Option(help="Seed of the world.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Print the folder of a built or shipped part, for other tools."""
    from sectow_agents.organism.store import PARTS, checkpoint

    if part not in PARTS:
        raise unknown("part of the organism", part, PARTS)
    folder = str(checkpoint(part, world))
    if as_json:
        print_json({part: folder})
    else:
        say(folder)


@contextmanager
def _bars() -> Iterator[Progress]:
    """A bar for the stage that is being built."""
    current, bar = "", None

    def show(name: str, done: int, steps: int, loss: float) -> None:
        nonlocal current, bar
        if bar is not None and name != current:
            bar.close()
            bar = None
        current, bar = name, bar or Bar(name, steps)
        bar.update(done, f"loss {loss:.3f}")

    try:
        yield show
    finally:
        if bar is not None:
            bar.close()
