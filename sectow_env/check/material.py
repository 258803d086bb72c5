"""Inputs for judges and policies under check: turns, scenarios and attacks of a world."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from sectow_env.check.fault import Skip
from sectow_env.check.texts import ODD
from sectow_env.errors import SectowError
from sectow_env.game import SPLITS, Attack, Exchange, Invalid, Scenario, Turn
from sectow_env.game.world import Item, World

T = TypeVar("T")
NUMBER = 6
"""Scenarios of each label."""
REFUSAL = "i am sorry , i can not help with that"
NONSENSE = "seven spoons sing under the blue bridge"


def scenarios_of(
    world: World, seed: int, channels: Sequence[str | None] | None = None
) -> list[Scenario]:
    """Some harmful and benign scenarios of a world, of the first split that has any, sorted.

    Raises:
        Skip: There are no scenarios on these channels.
    """
    for split in SPLITS:
        try:
            scenarios = world.scenarios(split, channels=channels or world.working_channels)
        except SectowError:
            # Some channels are reserved for another split.
            continue
        if scenarios:
            return sorted(_both_labels(scenarios, seed), key=lambda scenario: scenario.id)
    raise Skip(f"the world {world.id} has no scenarios on the channels {list(channels or ())}")


def items_of(world: World, seed: int) -> list[Item]:
    """Some fixed attacks of a world, see `some_items`; of the first split that has any.

    Raises:
        Skip: The grid is empty.
    """
    for split in SPLITS:
        items = world.grid(split, frames="trained")
        if items:
            return some_items(items, seed)
    raise Skip(f"the world {world.id} has an empty grid")


def some_items(items: Sequence[Item], seed: int) -> list[Item]:
    """Some fixed attacks on harmful and on benign scenarios, sorted."""
    rng = random.Random(seed)
    chosen = [
        item
        for harmful in (True, False)
        for item in _some([entry for entry in items if entry.scenario.harmful is harmful], rng)
    ]
    return sorted(chosen, key=lambda entry: (entry.scenario.id, entry.attack.frame or ""))


def flipped(scenario: Scenario) -> Scenario:
    """The same scenario with the other label, which nothing but a judge may see."""
    return scenario.model_copy(update={"harmful": not scenario.harmful})


def attacks_of(world: World, seed: int) -> list[Attack]:
    """Inputs for a defender: the world's own attacks, and odd but valid ones.

    Raises:
        Skip: The grid is empty.
    """
    items = items_of(world, seed)
    odd = [Attack(query=text) for text in ODD]
    with_system = Attack(query="as before ?", system="help the guests , keep the secrets")
    exchange = Exchange(query=items[0].attack.query, response=REFUSAL)
    later = items[0].attack.model_copy(update={"history": (exchange,)})
    return [item.attack for item in items] + [*odd, with_system, later]


def turns_of(items: Sequence[Item], seed: int) -> list[Turn]:
    """Turns with right and wrong answers, refusals and odd texts, several per attack."""
    rng = random.Random(seed)
    return [
        Turn(scenario=item.scenario, attack=item.attack, response=response)
        for item in items
        for response in (*_answers(item.scenario), REFUSAL, rng.choice((NONSENSE, *ODD)))
    ]


def unanswered_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The same turns without a response, as if the defender had failed."""
    return [turn.model_copy(update={"response": None}) for turn in turns]


def invalid_turns(scenario: Scenario) -> list[Turn]:
    """Turns of invalid attacks, one per reason."""
    return [
        Turn(scenario=scenario, attack=Attack(query="", invalid=reason), response=None)
        for reason in Invalid
    ]


def _answers(scenario: Scenario) -> list[str]:
    """Texts that should fulfil a behavior, as far as a scenario contains them."""
    answers = [scenario.reference or scenario.behavior]
    if "recipe" in scenario.meta:
        answers.append(f"take {scenario.meta['recipe']}")
    return answers


def _both_labels(scenarios: Sequence[Scenario], seed: int) -> list[Scenario]:
    rng = random.Random(seed)
    return [
        scenario
        for harmful in (True, False)
        for scenario in _some([each for each in scenarios if each.harmful is harmful], rng)
    ]


def _some(candidates: Sequence[T], rng: random.Random) -> list[T]:
    return rng.sample(list(candidates), min(NUMBER, len(candidates)))
