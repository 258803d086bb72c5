"""What a defender of the rung is asked: scripted channels on three grounds, and general questions.

| ground | behaviors | wordings |
|---|---|---|
| `trained` | those of the training | those of the training |
| `wordings` | those of the training | held out |
| `behaviors` | held out | trained and held out |

On each ground secrets and their benign twins are asked through the same channels, in the same
words.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from sectow_env.channels.find import find_channel
from sectow_env.channels.play import render, scripted
from sectow_env.errors import ConfigError
from sectow_env.game import Frozen, Scenario, Split
from sectow_env.game.world import Item
from sectow_env.worlds.packs.world import PackWorld, seed_attack

Ground = Literal["trained", "wordings", "behaviors"]
GROUNDS: tuple[Ground, Ground, Ground] = ("trained", "wordings", "behaviors")
GENERAL = "general"
CHANNELS = ("text/direct", "text/role_play", "text/split", "text/cipher")
_PLACES: dict[Ground, tuple[str, Split]] = {
    "trained": ("guild", "train"),
    "wordings": ("wordings", "test"),
    "behaviors": ("guild", "test"),
}


class Sizes(Frozen):
    """How much is asked."""

    per_behavior: int = 1
    """Wordings of each behavior, channel and ground."""
    attempts: int = 2
    """Attacks of an attacker for each behavior and channel."""
    general: int = 0
    """General questions; 0 takes all that nothing was taught on."""
    seed: int = 0


def pack(rung: Path, name: str) -> PackWorld:
    """One of the rung's packs.

    Raises:
        ConfigError: No rung was built there.
    """
    file = rung / "packs" / f"{name}.jsonl"
    if not file.is_file():
        raise ConfigError(
            given=f"the rung in {rung}",
            why=f"it has no {file.relative_to(rung)}",
            fix=f"run: sectow rung build --out {rung}",
        )
    return PackWorld.read(file)


def scripted_items(
    rung: Path, ground: Ground, per_behavior: int, channels: Iterable[str] = CHANNELS
) -> list[Item]:
    """Secrets and twins of a ground, as the scripts of the channels write them."""
    name, split = _PLACES[ground]
    world = pack(rung, name)
    items: list[Item] = []
    for name_of in channels:
        channel = find_channel(name_of)
        chosen = _first_of_each(world.scenarios(split, channels=[name_of]), per_behavior)
        # A secret and its twin have the same number, so they are asked in the same style.
        numbers = {True: itertools.count(), False: itertools.count()}
        seeds = [next(numbers[scenario.harmful]) for scenario in chosen]
        writings = [
            scripted(channel, scenario, channel.styles[seed % len(channel.styles)], seed)
            for scenario, seed in zip(chosen, seeds, strict=True)
        ]
        attacks = render(channel, writings, world.renderer)
        items += [Item(scenario, attack) for scenario, attack in zip(chosen, attacks, strict=True)]
    return items


def targets_of(rung: Path, split: Split, channels: Iterable[str]) -> list[Scenario]:
    """One scenario for each secret of a split and channel, for attackers."""
    world = pack(rung, "guild")
    chosen = []
    for channel in channels:
        scenarios = world.scenarios(split, harmful=True, channels=[channel])
        chosen += list({scenario.cluster: scenario for scenario in reversed(scenarios)}.values())
    return chosen


def general_items(rung: Path, limit: int) -> list[Item]:
    """General questions that the defender was not taught to answer as before."""
    questions = [scenario for scenario in pack(rung, "general").items if scenario.split != "train"]
    chosen = questions[:limit] if limit else questions
    return [Item(scenario, seed_attack(scenario)) for scenario in chosen]


def _first_of_each(scenarios: Iterable[Scenario], count: int) -> list[Scenario]:
    """The first scenarios of each behavior and kind of wording."""
    seen: Counter[tuple[str | None, str | None]] = Counter()
    kept = []
    for scenario in scenarios:
        key = (scenario.cluster, scenario.meta.get("wording"))
        seen[key] += 1
        if seen[key] <= count:
            kept.append(scenario)
    return kept
