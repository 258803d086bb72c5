"""`sectow pack`: checks scenario packs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict

from sectow_env.display.console import print_json, say
from sectow_env.display.printable import one_line
from sectow_env.game.world import clusters_in_two_splits
from sectow_env.judges.reference import comparable
from sectow_env.worlds.packs.world import PackWorld

FAILED = 1
app = typer.Typer(
    help="Check scenario packs, and build them from public sources.", no_args_is_help=True
)


class PackSummary(BaseModel):
    """The contents of a valid pack."""

    model_config = ConfigDict(frozen=True)

    pack: str
    fingerprint: str
    scenarios: int
    harmful: int
    images: int
    converted: dict[str, int]
    """What was done to pictures when they were opened -> number of pictures."""
    references: int
    splits: dict[str, int]
    categories: dict[str, int]
    channels: tuple[str | None, ...]
    unscored: int
    """Harmful scenarios without a reference that can be compared: the pack's own judge cannot score
    them."""
    incomparable: tuple[str, ...]
    """Ids of the scenarios whose reference has no letter or digit."""
    shared_clusters: dict[str, tuple[str, ...]]
    """Clusters in more than one split: these splits are not independent."""


def summarise(world: PackWorld) -> PackSummary:
    """Count the contents of a pack."""
    items = world.items
    without = [scenario for scenario in items if not comparable(scenario.reference or "")]
    return PackSummary(
        pack=world.id,
        fingerprint=world.fingerprint,
        scenarios=len(items),
        harmful=sum(scenario.harmful for scenario in items),
        images=sum(scenario.image is not None for scenario in items),
        converted=dict(
            Counter(
                step for item in items if item.image is not None for step in item.image.converted
            )
        ),
        references=sum(scenario.reference is not None for scenario in items),
        splits=dict(Counter(scenario.split for scenario in items)),
        categories=dict(Counter(scenario.category for scenario in items)),
        channels=world.working_channels,
        unscored=sum(scenario.harmful for scenario in without),
        incomparable=tuple(scenario.id for scenario in without if scenario.reference is not None),
        shared_clusters=clusters_in_two_splits(items),
    )


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A scenario pack, JSONL.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Read a pack and show its contents, or what is wrong; exits with 1 on shared clusters."""
    summary = summarise(PackWorld.read(file))
    if json:
        print_json(summary.model_dump(mode="json"))
    else:
        _print(file, summary)
    if summary.shared_clusters:
        raise typer.Exit(FAILED)


def _print(file: Path, summary: PackSummary) -> None:
    verdict = "has clusters in two splits" if summary.shared_clusters else "is valid"
    say(f"{file} {verdict}: {summary.scenarios} scenarios")
    say(f"  harmful {summary.harmful}, benign {summary.scenarios - summary.harmful}")
    say(f"  splits {_counts(summary.splits)}")
    say(f"  categories {_counts(summary.categories)}")
    say(f"  {summary.images} with an image, {summary.references} with a reference")
    if summary.converted:
        say(f"  shown otherwise than in their files: {_counts(summary.converted)}")
    if summary.unscored:
        say(f"  {summary.unscored} harmful without a reference: score them with another judge")
    if summary.incomparable:
        say(
            "  references without a letter or digit, so the pack's judge leaves them unscored: "
            f"{', '.join(map(one_line, summary.incomparable))}"
        )
    for cluster, splits in summary.shared_clusters.items():
        say(f"  the cluster {cluster!r} is in {' and '.join(splits)}: put it into one")
    say(f"  fingerprint {summary.fingerprint}")


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{one_line(name)} {count}" for name, count in counted.items())
