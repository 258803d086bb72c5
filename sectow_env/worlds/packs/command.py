"""`sectow pack`: checks scenario packs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict

from sectow_env.display.console import print_json, say
from sectow_env.display.printable import one_line
from sectow_env.worlds.packs.world import PackWorld

app = typer.Typer(help="Check scenario packs.", no_args_is_help=True)


class PackSummary(BaseModel):
    """The contents of a valid pack."""

    model_config = ConfigDict(frozen=True)

    pack: str
    fingerprint: str
    scenarios: int
    harmful: int
    images: int
    references: int
    splits: dict[str, int]
    categories: dict[str, int]
    channels: tuple[str | None, ...]
    unscored: int
    """Harmful scenarios without a reference: the pack's own judge cannot score them."""


def summarise(world: PackWorld) -> PackSummary:
    """Count the contents of a pack."""
    items = world.items
    return PackSummary(
        pack=world.id,
        fingerprint=world.fingerprint,
        scenarios=len(items),
        harmful=sum(scenario.harmful for scenario in items),
        images=sum(scenario.image is not None for scenario in items),
        references=sum(scenario.reference is not None for scenario in items),
        splits=dict(Counter(scenario.split for scenario in items)),
        categories=dict(Counter(scenario.category for scenario in items)),
        channels=world.working_channels,
        unscored=sum(scenario.harmful and scenario.reference is None for scenario in items),
    )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A scenario pack, JSONL.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Read a pack and show its contents, or which line is wrong."""
    summary = summarise(PackWorld.read(file))
    if json:
        print_json(summary.model_dump(mode="json"))
        return
    say(f"{file} is valid: {summary.scenarios} scenarios")
    say(f"  harmful {summary.harmful}, benign {summary.scenarios - summary.harmful}")
    say(f"  splits {_counts(summary.splits)}")
    say(f"  categories {_counts(summary.categories)}")
    say(f"  {summary.images} with an image, {summary.references} with a reference")
    if summary.unscored:
        say(f"  {summary.unscored} harmful without a reference: score them with another judge")
    say(f"  fingerprint {summary.fingerprint}")


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{one_line(name)} {count}" for name, count in counted.items())
