"""Learned ASR: success of a trained attacker, one sampled attempt per scenario."""

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
from sectow_env.game.world import World, world_facts
from sectow_env.resolve.parts import find_attacker

STRATIFIED = "learned"
FREE = "learned_free"
CEILING = "ceiling"
"""Suites: an attack by each working channel, in free form, and by a script that knows the map."""


@dataclass(frozen=True)
class AttackSetup:
    """What all attackers are measured with: world, judge, reward, split, attempts and seed."""

    world: World
    judge: Judge
    reward: RewardFunction
    split: Split = "validation"
    attempts: int = 1
    """Attacks per scenario, each an attempt of its own: the rate is that of one attempt."""
    seed: int = 0

    def scenarios(self, *, free: bool = False) -> list[Scenario]:
        """Harmful scenarios, once per attempt: for each behavior and channel, or behavior."""
        channels = (None,) if free else self.world.working_channels
        try_once = self.world.scenarios(self.split, harmful=True, channels=channels)
        return [scenario for scenario in try_once for _ in range(self.attempts)]

    @property
    def stratified(self) -> bool:
        """Whether there are channels to stratify by."""
        return tuple(self.world.working_channels) != (None,)


def oracle_of(world: World) -> Attacker:
    """The script that knows a world's map, where it has one."""
    return find_attacker(world_facts(world).oracle, world)


def run_attacker(
    setup: AttackSetup, attacker: Attacker, defender: Defender, scenarios: Sequence[Scenario]
) -> list[Episode]:
    """Play all scenarios once. Both seats draw from the item's own seeds, where they take seeds."""
    return replay(setup, write_attacks(setup, attacker, scenarios), defender, scenarios)


def write_attacks(
    setup: AttackSetup, attacker: Attacker, scenarios: Sequence[Scenario]
) -> list[Attack]:
    """One attack per scenario, the same whoever answers."""
    reseed(attacker, _seeds(setup, "attacker", scenarios))
    return attacker.attack(scenarios)


def replay(
    setup: AttackSetup, attacks: Sequence[Attack], defender: Defender, scenarios: Sequence[Scenario]
) -> list[Episode]:
    """Let a defender answer attacks that were written before."""
    return play(
        scenarios,
        attacks,
        defender,
        setup.judge,
        setup.world.rules,
        setup.reward,
        seeds=_seeds(setup, "defender", scenarios),
    )


def _seeds(setup: AttackSetup, seat: str, scenarios: Sequence[Scenario]) -> list[int]:
    return [
        derive_seed(setup.seed, "learned", seat, number, scenario.id)
        for number, scenario in enumerate(scenarios)
    ]
