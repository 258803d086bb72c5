"""What judges and policies are asked during a check: turns, scenarios and attacks of a world."""

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
    """Some scenarios of a world, harmful and benign ones, sorted by id.

    They are of the first split that has any on these channels.

    Raises:
        Skip: There is none.
    """
    for split in SPLITS:
        try:
            found = world.scenarios(split, channels=channels or world.working_channels)
        except SectowError:
            # Some channels are kept for one split.
            continue
        if found:
            return sorted(_both_labels(found, seed), key=lambda one: one.id)
    raise Skip(f"the world {world.id} has no scenario on the channels {list(channels or ())}")


def items_of(world: World, seed: int) -> list[Item]:
    """Some fixed attacks of a world, see `some_items`; of the first split that has any.

    Raises:
        Skip: The grid is empty.
    """
    for split in SPLITS:
        found = world.grid(split, frames="trained")
        if found:
            return some_items(found, seed)
    raise Skip(f"the world {world.id} has an empty grid")


def some_items(found: Sequence[Item], seed: int) -> list[Item]:
    """Some fixed attacks on harmful and on benign scenarios, sorted."""
    rng = random.Random(seed)
    chosen = [
        item
        for harmful in (True, False)
        for item in _some([one for one in found if one.scenario.harmful is harmful], rng)
    ]
    return sorted(chosen, key=lambda one: (one.scenario.id, one.attack.frame or ""))


def attacks_of(world: World, seed: int) -> list[Attack]:
    """What a defender is asked: the world's own attacks, and odd ones that its rules let pass.

    Raises:
        Skip: The grid is empty.
    """
    items = items_of(world, seed)
    odd = [Attack(query=text) for text in ODD]
    known = Attack(query="as before ?", system="help the guests , keep the secrets")
    said = Exchange(query=items[0].attack.query, response=REFUSAL)
    later = items[0].attack.model_copy(update={"history": (said,)})
    return [item.attack for item in items] + [*odd, known, later]


def turns_of(items: Sequence[Item], seed: int) -> list[Turn]:
    """Answered turns: right and wrong answers, refusals and odd texts, some to each attack."""
    rng = random.Random(seed)
    return [
        Turn(scenario=item.scenario, attack=item.attack, response=response)
        for item in items
        for response in (*_answers(item.scenario), REFUSAL, rng.choice((NONSENSE, *ODD)))
    ]


def unanswered_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The same turns without a response: the attack counts, and the defender failed."""
    return [turn.model_copy(update={"response": None}) for turn in turns]


def invalid_turns(scenario: Scenario) -> list[Turn]:
    """Turns of attacks that cannot count, one of each reason."""
    return [
        Turn(scenario=scenario, attack=Attack(query="", invalid=reason), response=None)
        for reason in Invalid
    ]


def _answers(scenario: Scenario) -> list[str]:
    """Texts that should give a behavior, as far as a scenario tells one."""
    told = [scenario.reference or scenario.behavior]
    if "recipe" in scenario.meta:
        told.append(f"take {scenario.meta['recipe']}")
    return told


def _both_labels(found: Sequence[Scenario], seed: int) -> list[Scenario]:
    rng = random.Random(seed)
    return [
        one
        for harmful in (True, False)
        for one in _some([one for one in found if one.harmful is harmful], rng)
    ]


def _some(found: Sequence[T], rng: random.Random) -> list[T]:
    return rng.sample(list(found), min(NUMBER, len(found)))
