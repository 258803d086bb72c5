"""`sectow bench card`: measure a base organism and write its model card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from sectow_env.display.console import Bar, note, print_json, say, stdout
from sectow_env.display.tables import print_table
from sectow_env.reading import read_json

PER_CELL = 16
DRAWS = 4


def card(
    world: Annotated[int, typer.Option(help="Seed of the world.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for CARD.md; default: beside the organism.")
    ] = None,
    per_cell: Annotated[
        int, typer.Option(help="Potions of each kind a channel, frame and split; 0: all.")
    ] = PER_CELL,
    seed: Annotated[int, typer.Option(help="Seed of the sample and of the draws.")] = 0,
    draws: Annotated[
        int, typer.Option(min=1, help="Answers an item of the grid at temperature 1.")
    ] = DRAWS,
    as_json: Annotated[bool, typer.Option("--json", help="Print the floors as JSON.")] = False,
) -> None:
    """Measure the base organism of a world, write its card, and say whether it is acceptable."""
    from sectow_agents.organism.store import PARTS, checkpoint

    place = checkpoint("defender", world)
    folders = {part: checkpoint(part, world) for part in PARTS}
    note(f"measuring the organism in {place}")
    import pandas as pd

    from sectow_agents.organism.build import BUILD_RECORD
    from sectow_agents.organism.foundation import FOUNDATION_WORLD
    from sectow_benchmarks.studies.card.page import render, write
    from sectow_benchmarks.studies.card.probes import Probe
    from sectow_benchmarks.studies.card.tables import floors
    from sectow_env.worlds.apothecary import Apothecary

    build_records: dict[str, Any] = {
        part: read_json(path / BUILD_RECORD) for part, path in folders.items()
    }
    target = out or place.parent
    # Before minutes are spent on what could not be written.
    target.mkdir(parents=True, exist_ok=True)
    probe = Probe(Apothecary(world), place, per_cell, seed, draws)
    with Bar("asking the organism") as bar:
        frame = probe.everything(lambda what: bar.update(0, what))
        bar.update(0, "the foundation")
        base = Probe(Apothecary(FOUNDATION_WORLD), folders["foundation"], per_cell, seed)
        frame = pd.concat([frame, base.reading()], ignore_index=True)
    options = f"--per-cell {per_cell} --seed {seed} --draws {draws}"
    command = f"sectow bench card --world {world} {options}"
    measured_floors = floors(frame)
    path = write(target, render(Apothecary(world), frame, build_records, command), measured_floors)
    if as_json:
        print_json([floor._asdict() for floor in measured_floors])
    else:
        rows = [
            ("met" if floor.met else "MISSED", f"{floor.value:.3f}", floor.limit, floor.what)
            for floor in measured_floors
        ]
        print_table(("floor", "value", "limit", "figure"), rows, stdout())
        say(str(path))
    raise typer.Exit(0 if all(floor.met for floor in measured_floors) else 1)
