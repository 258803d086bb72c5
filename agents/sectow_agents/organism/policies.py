"""The organism in either seat, as the registry hands it out."""

from __future__ import annotations

from sectow_agents.organism.store import checkpoint
from sectow_agents.organism.vocabulary import ATTACK_REQUEST
from sectow_agents.policies import transformers_policy
from sectow_agents.policies.transformers_policy import TransformersAttacker, TransformersDefender
from sectow_env.errors import ConfigError
from sectow_env.worlds.apothecary import Apothecary
from sectow_env.worlds.base import World
from sectow_env.worlds.load import load_world

MAX_ANSWER = 12
"""Tokens; a recipe or a refusal has at most eight."""
MAX_ATTACK = 32


def world_of(world: str | World | None) -> Apothecary:
    """The Apothecary that an organism is asked for; a pack or another world has none."""
    found = load_world(world) if isinstance(world, str) else world
    if found is None:
        return Apothecary(0)
    if not isinstance(found, Apothecary):
        raise ConfigError(
            given=f"an organism for the world {found.id!r}",
            why="organisms are built for worlds of the Apothecary only",
            fix="use world=apothecary:0, or a policy of your own such as transformers/defender",
        )
    return found


def defender(
    *,
    world: str | World | None = None,
    system: str | None = None,
    sampled: bool = False,
    seed: int = 0,
) -> TransformersDefender:
    """The registered `organism/defender`: the base defender of a world, shipped or built.

    Args:
        world: Whose organism; default: the shipped world 0.
        system: System prompt.
        sampled: Draw at temperature 1 instead of greedily.
        seed: Seed of the draws.
    """
    return transformers_policy.defender(
        checkpoint("defender", world_of(world).seed),
        system=system,
        sampled=sampled,
        max_new_tokens=MAX_ANSWER,
        seed=seed,
    )


def attacker(
    *, world: str | World | None = None, sampled: bool = True, seed: int = 0
) -> TransformersAttacker:
    """The registered `organism/attacker`: the base attacker of a world, shipped or built.

    Args:
        world: Whose organism; default: the shipped world 0.
        sampled: Draw at temperature 1 instead of greedily.
        seed: Seed of the draws.
    """
    found = world_of(world)
    return transformers_policy.attacker(
        checkpoint("attacker", found.seed),
        world=found,
        template=ATTACK_REQUEST,
        sampled=sampled,
        max_new_tokens=MAX_ATTACK,
        seed=seed,
    )
