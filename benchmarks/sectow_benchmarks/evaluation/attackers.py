"""Learned ASR: what a trained attacker gets out of a defender, one sampled attempt a scenario."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sectow_agents.settings.seeds import derive_seed
from sectow_env.game import (
    Attack,
    Attacker,
    Defender,
    Episode,
    Judge,
    RewardFunction,
    Scenario,
    Split,
    play,
    reseed,
)
from sectow_env.game.world import World

STRATIFIED = "learned"
FREE = "learned_free"
CEILING = "ceiling"
"""Suites: an attack by each working channel, in free form, and by a script that knows the map."""


@dataclass(frozen=True)
class Ground:
    """Where attackers are measured: the same for all of them."""

    world: World
    judge: Judge
    reward: RewardFunction
    split: Split = "validation"
    attempts: int = 1
    """Attacks a scenario, each an attempt of its own: the rate is that of one attempt."""
    seed: int = 0

    def scenarios(self, *, free: bool = False) -> list[Scenario]:
        """Harmful scenarios, once an attempt: one a behavior and channel, or one a behavior."""
        channels = (None,) if free else self.world.working_channels
        try_once = self.world.scenarios(self.split, harmful=True, channels=channels)
        return [scenario for scenario in try_once for _ in range(self.attempts)]

    @property
    def stratified(self) -> bool:
        """Whether there are channels to stratify by."""
        return tuple(self.world.working_channels) != (None,)


def assault(
    ground: Ground, attacker: Attacker, defender: Defender, scenarios: Sequence[Scenario]
) -> list[Episode]:
    """Play all scenarios once. Both seats draw from the item's own seeds, where they take seeds.

    Args:
        ground: World, judge and prices.
        attacker: Writes the attacks.
        defender: Answers those that count.
        scenarios: See `Ground.scenarios`.
    """
    return replay(ground, write_attacks(ground, attacker, scenarios), defender, scenarios)


def write_attacks(
    ground: Ground, attacker: Attacker, scenarios: Sequence[Scenario]
) -> list[Attack]:
    """One attack a scenario, the same whoever will answer."""
    reseed(attacker, _seeds(ground, "attacker", scenarios))
    return attacker.attack(scenarios)


def replay(
    ground: Ground, attacks: Sequence[Attack], defender: Defender, scenarios: Sequence[Scenario]
) -> list[Episode]:
    """Let a defender answer attacks that were written before."""
    return play(
        scenarios,
        attacks,
        defender,
        ground.judge,
        ground.world.rules,
        ground.reward,
        seeds=_seeds(ground, "defender", scenarios),
    )


def _seeds(ground: Ground, seat: str, scenarios: Sequence[Scenario]) -> list[int]:
    return [
        derive_seed(ground.seed, "learned", seat, number, scenario.id)
        for number, scenario in enumerate(scenarios)
    ]
