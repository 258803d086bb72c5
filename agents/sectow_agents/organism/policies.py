"""The organism in either seat, as it is registered."""

from __future__ import annotations

from pathlib import Path

from sectow_agents.organism.store import Part, checkpoint
from sectow_agents.organism.vocabulary import ATTACK_REQUEST
from sectow_agents.policies import local
from sectow_env.game.world import World
from sectow_env.policies.chat import ChatAttacker, ChatDefender
from sectow_env.resolve.worlds import load_world
from sectow_env.worlds.apothecary import Apothecary

MAX_ANSWER = 12
"""Tokens; a recipe or a refusal has at most eight."""
MAX_ATTACK = 32


def weights_of(part: Part, world: World | None) -> Path:
    """The organism of an Apothecary world; on a pack or another world, the shipped one."""
    return checkpoint(part, world.seed if isinstance(world, Apothecary) else 0)


def _loaded(world: str | World | None) -> World | None:
    return load_world(world) if isinstance(world, str) else world


def defender(
    *,
    world: str | World | None = None,
    system: str | None = None,
    sampled: bool = False,
    seed: int = 0,
) -> ChatDefender:
    """The registered `organism/defender`: the base defender of a world, shipped or built.

    Args:
        world: Whose organism; default: the shipped world 0.
        system: System prompt.
        sampled: Draw at temperature 1 instead of greedily.
        seed: Seed of the draws.
    """
    return local.defender(
        weights_of("defender", _loaded(world)),
        system=system,
        sampled=sampled,
        max_new_tokens=MAX_ANSWER,
        seed=seed,
    )


def attacker(
    *, world: str | World | None = None, sampled: bool = True, seed: int = 0
) -> ChatAttacker:
    """The registered `organism/attacker`: the base attacker of a world, shipped or built.

    Args:
        world: Whose organism; default: the shipped world 0.
        sampled: Draw at temperature 1 instead of greedily.
        seed: Seed of the draws.
    """
    played = _loaded(world) or Apothecary(0)
    return local.attacker(
        weights_of("attacker", played),
        world=played,
        template=ATTACK_REQUEST,
        sampled=sampled,
        max_new_tokens=MAX_ATTACK,
        seed=seed,
    )
